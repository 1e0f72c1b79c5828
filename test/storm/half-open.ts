/**
 * A relay of bytes that can fall silent: connections stand and are accepted, nothing comes back, nobody hangs up (no FIN,
 * no RST), as when a machine or a NAT in between disappears.
 */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** `answers`: requests still get through, so what they ask for is done. */
export type Swallowed = 'everything' | 'answers' | 'nothing';
type Place = { port: number; host: string } | { path: string };

export interface HalfOpen {
  /** Where to connect instead: a port on loopback, or the path of the socket. */
  port: number;
  swallow(what: Swallowed): void;
  /** Silence is over for new connections; those that went silent stay so. Answers how many did. */
  restore(): number;
  close(): void;
}

/** `listen`: a socket's path; a free port without it. */
export async function openHalfOpen(to: Place, listen?: string): Promise<HalfOpen> {
  let mode: Swallowed = 'nothing';
  const sockets = new Set<Socket>();
  const silent = new Set<Socket>();
  const server: Server = createServer((from) => {
    const there = connect(to);
    for (const socket of [from, there]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => sockets.delete(socket));
    }
    from.on('data', (bytes) => {
      const isSilent = silent.has(from) || mode === 'everything';
      if (isSilent) silent.add(from);
      else there.write(bytes);
    });
    there.on('data', (bytes) => {
      const isSilent = silent.has(from) || mode !== 'nothing';
      if (isSilent) silent.add(from);
      else from.write(bytes);
    });
    from.on('close', () => there.destroy());
    // The other end hanging up is swallowed as well.
    there.on('close', () => silent.has(from) || from.destroy());
  });
  if (listen === undefined) server.listen(0, '127.0.0.1');
  else server.listen(listen);
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    swallow: (what) => {
      mode = what;
    },
    restore: () => {
      mode = 'nothing';
      return silent.size;
    },
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
