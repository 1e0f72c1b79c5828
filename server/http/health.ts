/** `GET /healthz` (the process answers) and `GET /readyz` (the database is open and its schema up to date). */
import { Router } from 'express';

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
    } catch {
      response.status(503).json({ ok: false, why: 'the database does not answer' });
    }
  });
  return router;
}
