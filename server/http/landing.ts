/** Where an admin's browser ends up after an install. */
import type { Response } from 'express';
import type { ReturnTo } from '../accounts/sessions.ts';
import type { AnyPlatformAdapter } from '../core/adapter.ts';

export interface Landing {
  succeeded(response: Response, externalId: string): void;
  /** `status` is used where the page is ours; `why` is plain words for the admin. */
  failed(response: Response, status: number, why: string): void;
}

interface AppUrls {
  intercomAppUrl: string;
  hubspotAppUrl: string;
}

export function landings(
  platform: AnyPlatformAdapter,
  returnTo: ReturnTo | undefined,
  urls: AppUrls,
): Landing {
  if (returnTo === 'console')
    return { succeeded: (response) => response.redirect(302, '/'), failed: ownPage(platform) };
  return platform.id === 'intercom' ? intercom(urls) : hubspot(platform, urls);
}

/** Intercom's own page for both ends: "Installing and uninstalling apps", https://developers.intercom.com */
function intercom({ intercomAppUrl }: AppUrls): Landing {
  const page = `${intercomAppUrl}/appstore/redirect`;
  return {
    succeeded: (response) => response.redirect(302, `${page}?install_success=true`),
    failed: (response, _status, why) =>
      response.redirect(302, `${page}?install_success=false&error_message=${encodeURIComponent(why)}`),
  };
}

/** HubSpot names no page: success ends among the portal's connected apps, failure where it can be read. */
const hubspot = (platform: AnyPlatformAdapter, { hubspotAppUrl }: AppUrls): Landing => ({
  succeeded: (response, portalId) =>
    response.redirect(
      302,
      `${hubspotAppUrl}/integrations-settings/${encodeURIComponent(portalId)}/installed`,
    ),
  failed: ownPage(platform),
});

const ownPage = (platform: AnyPlatformAdapter) => (response: Response, status: number, why: string) => {
  response
    .status(status)
    .set('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
    .type('html')
    .send(page(`${platform.title} is not connected`, why, `/${platform.id}/install`));
};

const page = (title: string, why: string, again: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(title)} – Octopods</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1rem;color-scheme:light dark}</style>
</head><body><main><h1>${escaped(title)}</h1><p>${escaped(why)}</p><p><a href="${escaped(again)}">Try again</a></p></main></body></html>
`;

const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
