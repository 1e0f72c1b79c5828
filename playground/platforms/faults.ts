/** How a planned fault is acted out on one call, the same for both platforms. */
import type { Request, Response } from 'express';
import type { Fault } from '../kit.ts';

/**
 * True when the call is over (refused or cut) and the handler must not run. The `accept_*` faults let the handler run
 * and spoil only its answer.
 */
export function actOut(
  fault: Fault | undefined,
  request: Request,
  response: Response,
  refuse: (status: number) => void,
): boolean {
  if (!fault) return false;
  if (fault.kind === 'status') {
    if (fault.retryAfter !== undefined) response.setHeader('Retry-After', String(fault.retryAfter));
    refuse(fault.status);
    return true;
  }
  if (fault.kind === 'drop') {
    request.socket.destroy();
    return true;
  }
  const drop = fault.kind === 'accept_then_drop';
  response.end = (() => {
    if (drop) request.socket.destroy();
    return response;
  }) as Response['end'];
  return false;
}

/** Text for the middle of an HTML page. */
export const escapeHtml = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');

/** A small page of the platform's own: no script, one style. */
export function platformPage(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title><style>
body{font:16px/1.5 system-ui,sans-serif;background:#f4f5f7;color:#1f2430;margin:0;display:grid;place-items:center;min-height:100vh}
main{background:#fff;border:1px solid #dfe1e6;border-radius:12px;padding:32px;max-width:440px;width:calc(100% - 96px)}
h1{font-size:20px;margin:0 0 12px}label{display:block;margin:12px 0}select{font:inherit;width:100%;padding:8px}
ul{padding-left:20px;color:#4b5263;font-size:14px}button{font:inherit;padding:10px 18px;border-radius:8px;border:1px solid #c3c7d0;background:#fff;cursor:pointer}
button[value=approve]{background:#1f2430;color:#fff;border-color:#1f2430}footer{display:flex;gap:12px;margin-top:20px}
</style></head><body><main>${body}</main></body></html>`;
}
