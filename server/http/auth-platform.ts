/**
 * A platform as a provider of identities. It has one consent screen and one token endpoint for everything, so a sign-in
 * redeems a code as an install does; all that is kept of the answer is who the person is.
 */
import type { AnyPlatformAdapter, Io } from '../core/adapter.ts';
import type { IdentityProvider } from './auth.ts';

export function platformIdentity(platform: AnyPlatformAdapter, io: Io): IdentityProvider {
  return {
    id: platform.id,
    title: platform.title,
    callbackPath: `/${platform.id}/oauth/callback`,
    begin: async (state) => platform.authorizeUrl(await state({})),
    identify: async (url) => {
      const code = url.searchParams.get('code');
      if (!code) return undefined;
      const answer = await platform.install(code, io);
      if (!('refused' in answer)) return answer.installer;
      io.log.warn({ provider: platform.id, why: answer.refused }, 'a sign-in was refused');
      return undefined;
    },
  };
}
