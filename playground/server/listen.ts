/** One HTTP server on every loopback address that the machine has. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CannotOpen, type Options } from './options.ts';

export interface Listening {
  port: number;
  /** `http://localhost:8080` */
  origin: string;
  close(): Promise<void>;
}

/** No IPv6 on this machine: then `localhost` is only the other one. */
const NO_SUCH_ADDRESS = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL']);

/** Throws `CannotOpen` when the port is taken. */
export async function listen(options: Options, handler: RequestListener): Promise<Listening> {
  const servers: Server[] = [];
  let { port } = options;
  for (const address of options.addresses) {
    const server = await listenOn(address, port, handler).catch((error: NodeJS.ErrnoException) => {
      if (servers.length > 0 && NO_SUCH_ADDRESS.has(error.code ?? '')) return undefined;
      for (const one of servers) one.close();
      throw error.code === 'EADDRINUSE' ? taken(port) : error;
    });
    if (!server) continue;
    servers.push(server);
    port = (server.address() as AddressInfo).port;
  }
  return {
    port,
    origin: `http://${options.hostname}:${port}`,
    close: async () => void (await Promise.all(servers.map(closed))),
  };
}

const taken = (port: number): CannotOpen =>
  new CannotOpen(
    `Port ${port} is in use. Stop what listens there, or choose another: PORT=${port + 1} npm start`,
  );

function listenOn(address: string, port: number, handler: RequestListener): Promise<Server> {
  const server = createServer(handler);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => resolve(server));
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
