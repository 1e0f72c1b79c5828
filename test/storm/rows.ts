/** All rows of the table, by the world that they need. */
import type { Town } from '../support/town.ts';
import { fullDisk, lockedFile, mountSmallDisk, type SmallDisk } from './disk.ts';
import { fairnessWhileHanging, fairnessWhileRefused } from './fairness.ts';
import { type HalfOpen, openHalfOpen } from './half-open.ts';
import { away, full, postgresOnLine, readOnly, restarts, silence } from './postgres.ts';
import {
  failingPlatform,
  failingProvider,
  halfOpenPlatform,
  halfOpenProvider,
  refusedByPlatform,
  refusedByProvider,
  silentPlatform,
  silentProvider,
} from './provider-storms.ts';
import type { Row } from './report.ts';
import { openStorm } from './town.ts';

export interface Fault {
  name: string;
  rage(): Promise<Row>;
}
/** Faults that share a world, and how it ends. */
export interface Family {
  faults: Fault[];
  close(): Promise<void>;
}

const SIZE = { customers: 40, rounds: 20 };
const FEW = { customers: 12, rounds: 12 };

const storms = async () => {
  const town = await openStorm();
  const faults = [
    { name: '429 platform', rage: () => refusedByPlatform(town, SIZE) },
    { name: '429 provider', rage: () => refusedByProvider(town, SIZE) },
    { name: '500 platform', rage: () => failingPlatform(town, SIZE) },
    { name: '500 provider', rage: () => failingProvider(town, SIZE) },
    { name: 'silent platform', rage: () => silentPlatform(town, FEW) },
    { name: 'silent provider', rage: () => silentProvider(town, FEW, 'telegram') },
    { name: 'silent echo', rage: () => silentProvider(town, FEW, 'whatsapp') },
    { name: 'fairness 429', rage: () => fairnessWhileRefused(town) },
    { name: 'fairness hanging', rage: () => fairnessWhileHanging(town) },
  ];
  return { faults, close: () => town.close() };
};

const disks = async () => {
  const disk: SmallDisk | undefined = mountSmallDisk(256);
  const town: Town = await openStorm(disk ? { folder: disk.folder } : {});
  const faults = [
    { name: 'disk full', rage: () => fullDisk(town, disk, FEW) },
    { name: 'disk locked', rage: () => lockedFile(town, FEW) },
  ];
  const close = async () => {
    await town.close();
    disk?.remove();
  };
  return { faults, close };
};

/** Only where a disk can be mounted: Postgres has no other way to run out of room that would be the same. */
const fullPostgres = async () => {
  const disk = mountSmallDisk(192);
  if (!disk) return { faults: [], close: async () => undefined };
  const { url, close: end } = await postgresOnLine({ tables: disk.folder });
  const town = await openStorm({ databaseUrl: url });
  const close = async () => {
    await town.close();
    await end();
    disk.remove();
  };
  return { faults: [{ name: 'postgres disk full', rage: () => full(town, disk, FEW) }], close };
};

const databases = async () => {
  const { server, line, url, close: end } = await postgresOnLine();
  const town = await openStorm({ databaseUrl: url });
  const faults = [
    { name: 'postgres restarts', rage: () => restarts(town, server, { customers: 12, rounds: 16 }, 3) },
    { name: 'postgres away', rage: () => away(town, server, { customers: 12, rounds: 20 }) },
    { name: 'postgres read-only', rage: () => readOnly(town, server, FEW) },
    { name: 'postgres half-open', rage: () => silence(town, line, { customers: 12, rounds: 20 }) },
  ];
  const close = async () => {
    await town.close();
    await end();
  };
  return { faults, close };
};

const lines = async () => {
  const open: HalfOpen[] = [];
  const through = async (url: string): Promise<string> => {
    const line = await openHalfOpen({ port: Number(new URL(url).port), host: '127.0.0.1' });
    open.push(line);
    return `http://127.0.0.1:${line.port}`;
  };
  const town = await openStorm({
    env: async ({ hubspot, twilio }) => ({
      HUBSPOT_API_URL: await through(hubspot.url),
      TWILIO_API_URL: await through(twilio.url),
    }),
  });
  const [hubspot, twilio] = open as [HalfOpen, HalfOpen];
  const faults = [
    { name: 'half-open platform', rage: () => halfOpenPlatform(town, hubspot, FEW) },
    { name: 'half-open provider', rage: () => halfOpenProvider(town, twilio, FEW) },
  ];
  const close = async () => {
    await town.close();
    for (const line of open) line.close();
  };
  return { faults, close };
};

export const FAMILIES: Record<string, () => Promise<Family>> = {
  storms,
  disks,
  databases,
  'full-databases': fullPostgres,
  lines,
};
