/**
 * A pooler in transaction mode between the servers and Postgres, as PgBouncer does it: few connections to Postgres for
 * many from us, each lent for one transaction and then to whoever waits. Nothing of a session outlives its transaction.
 * Messages: https://www.postgresql.org/docs/current/protocol-message-formats.html
 */

import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

export interface Pooler {
  url: string;
  /** How many transactions went through each connection to Postgres. */
  transactions: number[];
  /** The most that were open to it at a time. */
  clients(): number;
  close(): void;
}

const SSL_REQUEST = 80_877_103;
const IDLE = 'I'.charCodeAt(0);

/** A connection to Postgres; `client` has it now. */
interface Lent {
  socket: Socket;
  client: Client | undefined;
  index: number;
}
interface Client {
  socket: Socket;
  server: Lent | undefined;
  /** What it has sent while it waits for a connection. */
  waiting: Buffer[];
}

/** `url`: of a database on a Postgres that is reached by a socket and asks for no password. */
export async function openPooler(url: string, connections: number): Promise<Pooler> {
  const transactions = Array.from({ length: connections }, () => 0);
  const line: Client[] = [];
  const clients = new Set<Client>();
  const servers = new Set<Lent>();
  const free: Lent[] = [];
  let most = 0;
  let parameters: Buffer = Buffer.alloc(0);

  async function join(index: number): Promise<void> {
    const server: Lent = { socket: connect(socketOf(url)), client: undefined, index };
    servers.add(server);
    server.socket.write(startup(url));
    parameters = await untilReady(server.socket);
    server.socket.on('error', () => undefined);
    split(server.socket, (message) => heard(server, message));
    free.push(server);
    lend();
  }
  for (let index = 0; index < connections; index += 1) await join(index);

  function heard(server: Lent, message: Buffer): void {
    const { client } = server;
    // What comes between two transactions (a bell's ring) has nobody to go to.
    client?.socket.write(message);
    if (message[0] !== 'Z'.charCodeAt(0) || message[5] !== IDLE || !client) return;
    transactions[server.index] = (transactions[server.index] ?? 0) + 1;
    client.server = undefined;
    server.client = undefined;
    free.push(server);
    lend();
  }
  /** The one that has rested longest goes first, so that a client hardly ever gets the same one twice. */
  function lend(): void {
    while (free.length > 0 && line.length > 0) {
      const client = line.shift() as Client;
      if (client.socket.destroyed) continue;
      const server = free.shift() as Lent;
      client.server = server;
      server.client = client;
      for (const bytes of client.waiting.splice(0)) server.socket.write(bytes);
    }
  }
  function said(client: Client, message: Buffer): void {
    if (message[0] === 'X'.charCodeAt(0)) return void client.socket.end();
    if (client.server) return void client.server.socket.write(message);
    client.waiting.push(message);
    if (client.waiting.length === 1) line.push(client);
    lend();
  }

  /** Within a transaction: PgBouncer closes the connection as well, so that Postgres rolls it back, and makes another. */
  function left(client: Client): void {
    clients.delete(client);
    const { server } = client;
    if (!server || !listening.listening) return;
    servers.delete(server);
    server.socket.destroy();
    void join(server.index);
  }

  const listening = createServer((socket) => {
    const client: Client = { socket, server: undefined, waiting: [] };
    clients.add(client);
    most = Math.max(most, clients.size);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => left(client));
    greet(socket, parameters, () => split(socket, (message) => said(client, message)));
  });
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const { port } = listening.address() as AddressInfo;
  return {
    url: `postgres://postgres@127.0.0.1:${port}${new URL(url).pathname}`,
    transactions,
    clients: () => most,
    close: () => {
      listening.close();
      for (const { socket } of [...clients, ...servers]) socket.destroy();
    },
  };
}

const socketOf = (url: string): string => `${new URL(url).searchParams.get('host')}/.s.PGSQL.5432`;

function startup(url: string): Buffer {
  const words = ['user', 'postgres', 'database', new URL(url).pathname.slice(1), ''];
  const body = Buffer.from(`${words.join('\0')}\0`);
  const head = Buffer.alloc(8);
  head.writeInt32BE(body.length + 8, 0);
  head.writeInt32BE(196_608, 4);
  return Buffer.concat([head, body]);
}

/** Everything that Postgres says at the start of a connection, up to "ready": what a client of ours hears, too. */
function untilReady(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let all = Buffer.alloc(0);
    socket.once('error', reject);
    socket.on('data', function more(chunk: Buffer) {
      all = Buffer.concat([all, chunk]);
      if (all.at(-6) !== 'Z'.charCodeAt(0) || all.at(-1) !== IDLE) return;
      socket.off('data', more);
      resolve(all);
    });
  });
}

/** A client's first message has no type; encryption is declined. */
function greet(socket: Socket, answer: Buffer, next: () => void): void {
  socket.once('data', (first: Buffer) => {
    if (first.readInt32BE(4) === SSL_REQUEST) {
      socket.write('N');
      return greet(socket, answer, next);
    }
    next();
    socket.write(answer);
  });
}

/** A type of one byte, a length of four that counts itself, the rest. */
function split(socket: Socket, each: (message: Buffer) => void): void {
  let rest = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 5 && rest.length >= rest.readInt32BE(1) + 1) {
      const end = rest.readInt32BE(1) + 1;
      each(rest.subarray(0, end));
      rest = rest.subarray(end);
    }
  });
}
