/** What the other side tells about a connection: when it is made, when it is asked, and when it has ended. */

/** What the other side says about a connection when it is asked. What is left out could not be learned. */
export interface Inspection {
  /** Why the credentials do not work, in plain words. */
  dead?: string;
  /** What the connection is called over there now. */
  name?: string;
  /** Permissions that are needed and were not granted; [] when all are there. */
  missing?: string[];
  /** Where events are sent (`is` undefined: nowhere), where they should be, and what the other side says of its tries. */
  webhook?: { is: string | undefined; wanted: string; problem?: string };
}

export interface Uninstalls {
  externalIds: string[];
  cursor: string | undefined;
}

/** What an install (OAuth) at a platform yields. */
export interface Installation<Credentials = unknown> {
  externalId: string;
  name: string;
  credentials: Credentials;
  settings: Record<string, unknown>;
  /** Who installed: (provider, subject), never an e-mail address alone. */
  installer: { provider: string; subject: string; email?: string; emailVerified: boolean; name?: string };
}
