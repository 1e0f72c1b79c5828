/**
 * What this machine can do at best: a bare node:http server that verifies an HMAC over the body and answers after one
 * durable SQLite row, all rows that wait together in one commit. It parses nothing, encrypts nothing, has no lanes.
 * Started by main.ts with the database's path; prints its port.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Sqlite from 'better-sqlite3';

const [, , path = ':memory:', secret = ''] = process.argv;
const database = new Sqlite(path);
database.pragma('journal_mode = WAL');
database.pragma('synchronous = FULL');
database.exec('create table event (id integer primary key, body blob not null)');
const insert = database.prepare('insert into event (body) values (?)');

let waiting: { body: Buffer; response: ServerResponse }[] = [];
const commit = database.transaction((rows: typeof waiting) => {
  for (const { body } of rows) insert.run(body);
});

function flush(): void {
  const rows = waiting;
  waiting = [];
  commit(rows);
  for (const { response } of rows) response.writeHead(200, { 'content-length': 0 }).end();
}

function isSigned(request: IncomingMessage, body: Buffer): boolean {
  const given = Buffer.from(String(request.headers['x-hub-signature-256']));
  const own = Buffer.from(`sha256=${createHmac('sha256', secret).update(body).digest('hex')}`);
  return given.length === own.length && timingSafeEqual(given, own);
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks);
    if (!isSigned(request, body)) return void response.writeHead(401).end();
    if (waiting.length === 0) setImmediate(flush);
    waiting.push({ body, response });
  });
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
