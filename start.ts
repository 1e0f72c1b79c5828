/**
 * `npm start`: serves for real when the environment says so, otherwise opens the playground. The decision is made here,
 * outside the product: server/ holds no branch for a simulator, so none can run in production by accident.
 */
import { meansToServeForReal } from './server/config.ts';

if (meansToServeForReal(process.env)) await import('./server/main.ts');
else await import('./playground/main.ts');
