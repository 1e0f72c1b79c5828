/** Where an admin's browser ends up after an install. */
import type { Response } from 'express';
import type { ReturnTo } from '../accounts/sessions.ts';
import type { AnyPlatformAdapter } from '../core/adapter.ts';
import { Problem } from './problem.ts';

export interface Landing {
  succeeded(response: Response, externalId: string): void;
  /** `status` is used where the page is ours: then it throws `NotConnected`. `why` is plain words for the admin. */
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
    return {
      succeeded: (response) => response.redirect(302, '/?done=connected'),
      failed: ownPage(platform, returnTo),
    };
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

/** Said on a page of ours (or as a problem, to whoever reads no pages), with the way to try again. */
export class NotConnected extends Problem {
  readonly title: string;
  readonly again: string;
  constructor(platform: AnyPlatformAdapter, status: number, why: string, returnTo: ReturnTo | undefined) {
    super(status, { detail: why, remedy: 'Begin the installation again when that is mended.' });
    this.title = `${platform.title} is not connected`;
    this.again = `/${platform.id}/install${returnTo ? `?return=${returnTo}` : ''}`;
  }
}

const ownPage =
  (platform: AnyPlatformAdapter, returnTo?: ReturnTo) =>
  (_response: Response, status: number, why: string): void => {
    throw new NotConnected(platform, status, why, returnTo);
  };
