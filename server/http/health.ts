/** `GET /healthz` (the process answers) and `GET /readyz` (the database can be written: webhooks would be taken). */
import { Router } from 'express';
import { whyUnwritable } from '../store/database/refusals.ts';

/** `installation` names this one, so that the doctor can tell whether PUBLIC_URL leads to it. */
export function createHealthRouter(ready: () => Promise<void>, installation: string): Router {
  const router = Router();
  router.get('/healthz', (_request, response) => {
    response.json({ ok: true, installation });
  });
  router.get('/readyz', async (_request, response) => {
    try {
      await ready();
      response.json({ ok: true });
    } catch (error) {
      response.status(503).json({ ok: false, why: whyUnwritable(error) });
    }
  });
  return router;
}
