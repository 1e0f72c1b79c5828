import type { HttpRequest, HttpResponse, Io } from '../../core/adapter.ts';
import { record, text } from './json.ts';

/** Valid until 29 July 2028. https://developers.facebook.com/docs/graph-api/changelog */
const GRAPH_VERSION = 'v25.0';

/** What every file here needs to know of the installation. */
export interface WhatsAppApp {
  /** `https://graph.facebook.com`, without a slash at the end; may carry a path. */
  graphUrl: string;
  /** The installation's own Meta app: the first secret signs, all of them verify. */
  appSecrets: readonly string[];
  verifyToken?: string;
}

/** Graph's error envelope, which comes with any HTTP status, 200 included. */
export interface GraphError {
  code: number;
  subcode?: number;
  /** Meta's own words: `error_data.details` where there are any, else `message`. */
  details: string;
}

type GraphCall = Omit<HttpRequest, 'url' | 'headers'> & { path: string; token: string };

export const callGraph = (
  app: WhatsAppApp,
  io: Io,
  { path, token, ...call }: GraphCall,
): Promise<HttpResponse> =>
  io.http({
    ...call,
    url: `${app.graphUrl}/${GRAPH_VERSION}/${path}`,
    headers: { authorization: `Bearer ${token}` },
  });

/** The error in an answer; undefined when there is none or it is not Graph's. */
export function graphError(body: unknown): GraphError | undefined {
  const error = record(record(body)?.error);
  const code = Number(error?.code);
  if (!error || !Number.isInteger(code)) return undefined;
  const details =
    text(record(error.error_data)?.details) ?? text(error.error_user_msg) ?? text(error.message);
  const subcode = Number(error.error_subcode);
  return {
    code,
    ...(Number.isInteger(subcode) ? { subcode } : {}),
    details: details ?? `error ${code}`,
  };
}
