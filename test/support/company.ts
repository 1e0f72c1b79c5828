/** Several servers on one Postgres behind one address, in a simulated world: what a load balancer makes of them. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { type Api, setUp } from '../../playground/town/admin.ts';
import {
  closeEmulators,
  type Emulators,
  enterApp,
  environment,
  openEmulators,
} from '../../playground/town/emulators.ts';
import { freePort, Product } from '../../playground/town/product.ts';

export interface Company {
  emulators: Emulators;
  api: Api;
  servers: Product[];
  /** One more server on the same database, behind the same address. */
  join(): Promise<Product>;
  close(): Promise<void>;
}

/** `databaseUrl`: without a schema; the first server makes it. */
export async function openCompany(databaseUrl: string): Promise<Company> {
  const emulators = await openEmulators({
    recordTo: inject('callsFile'),
    hubspot: { callsPer10s: 5_000, searchesPerSecond: 500 },
  });
  const servers: Product[] = [];
  const balancer = await balance(servers);
  enterApp(emulators, balancer.url);
  const folder = mkdtempSync(join(tmpdir(), 'octopods-company-'));
  const keys = randomBytes(32).toString('base64');
  const env = environment(emulators, { publicUrl: balancer.url, folder, keys });
  const add = async () => {
    const port = String(await freePort());
    const server = await new Product({ ...env, DATABASE_URL: databaseUrl, PORT: port }).start();
    servers.push(server);
    return server;
  };
  await add();
  const { api } = await setUp(emulators, balancer.url);
  return {
    emulators,
    api,
    servers,
    join: add,
    close: async () => {
      await Promise.all(servers.map((server) => server.kill()));
      await closeEmulators(emulators);
      balancer.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Each new connection goes to the next server that runs. */
async function balance(servers: Product[]): Promise<{ url: string; close(): void }> {
  const sockets = new Set<Socket>();
  let turn = 0;
  const server: Server = createServer((from) => {
    const running = servers.filter((one) => one.state === 'running');
    turn += 1;
    const target = running[turn % running.length];
    if (!target) return void from.destroy();
    const to = connect(Number(new URL(target.url).port), '127.0.0.1');
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
