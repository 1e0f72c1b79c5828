import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getProjectMetadata, parseProjectConfig } from '@hubspot/project-parsing-lib/projects';
import { translate } from '@hubspot/project-parsing-lib/translate';
import { Ajv } from 'ajv';
import { afterEach, describe, expect, test } from 'vitest';
import { HUBSPOT_SCOPES } from '../../../server/platforms/hubspot/oauth.ts';
import { schemas } from './schemas.ts';

const PROJECT = fileURLToPath(new URL('../../../hubspot-extension', import.meta.url));
const src = (project: string) => join(project, 'src');

const COMPONENTS = {
  octopods_app: 'app/app-hsmeta.json',
  octopods_webhooks: 'app/webhooks/webhooks-hsmeta.json',
  conversations_contact_sidebar: 'app/cards/conversations-sidebar-hsmeta.json',
  conversations_contact_tab: 'app/cards/conversations-tab-hsmeta.json',
};

/**
 * What is wrong with a project, in words: the parser alone lets a file with broken JSON vanish and a wrong type pass, so
 * the exact list of components and our own schemas stand beside it.
 */
async function faults(project: string): Promise<string[]> {
  const context = { projectSourceDir: src(project), platformVersion: '2026.03' };
  const { intermediateRepresentation, skippedHsMetaFiles } = await translate(context, {
    skipValidation: true,
    profile: 'production',
  });
  const nodes = Object.values(intermediateRepresentation.intermediateNodesIndexedByUid);
  const found = Object.fromEntries(nodes.map((node) => [node.uid, node.metaFilePath]));
  const lost = Object.entries(COMPONENTS).filter(([uid, file]) => found[uid] !== file);
  const strange = nodes.filter((node) => !(node.uid in COMPONENTS));
  return [
    ...lost.map(([uid, file]) => `${uid} is not in ${file}`),
    ...strange.map((node) => `${node.uid} is unexpected`),
    ...skippedHsMetaFiles.map((file) => `${file} was skipped`),
    ...nodes.flatMap((node) => misfits(node.componentType, node.config).map((why) => `${node.uid}${why}`)),
  ];
}

function misfits(type: string, config: unknown): string[] {
  const schema = schemas[type];
  if (!schema) return [` has the type ${type}`];
  const ajv = new Ajv({ allErrors: true });
  if (ajv.validate(schema, config)) return [];
  return (ajv.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
}

describe("HubSpot's developer project", () => {
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
  /** A copy of the project in which one file was changed. */
  const spoilt = (file: string, change: (text: string) => string) => {
    const folder = mkdtempSync(join(tmpdir(), 'octopods-hubspot-'));
    folders.push(folder);
    cpSync(PROJECT, folder, { recursive: true, filter: (path) => !path.includes('node_modules') });
    const path = join(src(folder), file);
    writeFileSync(path, change(readFileSync(path, 'utf8')));
    return folder;
  };

  test('is a project of platform version 2026.03', () => {
    expect(parseProjectConfig(PROJECT)).toEqual({
      name: 'octopods',
      srcDir: 'src',
      platformVersion: '2026.03',
    });
  });

  test('has exactly our components, each in its folder and with the fields that HubSpot knows', async () => {
    expect(await faults(PROJECT)).toEqual([]);
  });

  test.each([
    [
      'broken JSON',
      'app/cards/conversations-tab-hsmeta.json',
      (text: string) => text.slice(0, -4),
      'is not in',
    ],
    [
      'another type',
      'app/cards/conversations-tab-hsmeta.json',
      (text: string) => text.replace('"card"', '"crad"'),
      'has the type CRAD',
    ],
    [
      'a place that HubSpot does not have',
      'app/cards/conversations-tab-hsmeta.json',
      (text: string) => text.replace('crm.record.tab', 'crm.record.middle'),
      '/location',
    ],
    [
      'a field that HubSpot does not know',
      'app/app-hsmeta.json',
      (text: string) => text.replace('"support"', '"supprot"'),
      'must NOT have additional properties',
    ],
    [
      'a wildcard in the permitted hosts',
      'app/app-hsmeta.json',
      (text: string) => text.replace(/"fetch": \[.*\]/, '"fetch": ["https://*.example.com"]'),
      '/permittedUrls/fetch/0',
    ],
    [
      'a token instead of OAuth',
      'app/app-hsmeta.json',
      (text: string) => text.replace('"oauth",\n      "redirect', '"static",\n      "redirect'),
      '/auth/type',
    ],
  ])('the check sees %s', async (_, file, change, fault) => {
    expect((await faults(spoilt(file, change))).join('\n')).toContain(fault);
  });

  test('asks for the scopes that the backend asks for: HubSpot refuses to install when they differ', async () => {
    const app = JSON.parse(readFileSync(join(src(PROJECT), 'app/app-hsmeta.json'), 'utf8'));
    expect(app.config.auth.requiredScopes.toSorted()).toEqual([...HUBSPOT_SCOPES].toSorted());
    expect(app.config.auth.optionalScopes).toEqual([]);
  });

  test('takes every host from the profile, so that staging and production are the same files', async () => {
    const meta = readFileSync(join(src(PROJECT), 'app/app-hsmeta.json'), 'utf8');
    expect(meta).not.toMatch(/https?:\/\//);
    const profile = JSON.parse(readFileSync(join(src(PROJECT), 'hsprofile.production.json'), 'utf8'));
    const used = [...meta.matchAll(/\$\{(\w+)\}/g)].map((match) => match[1]);
    expect(Object.keys(profile.variables).toSorted()).toEqual([...new Set(used)].toSorted());
  });

  test('names files that exist, and no component twice', async () => {
    const { components, hsMetaFiles } = await getProjectMetadata(src(PROJECT));
    expect(hsMetaFiles).toHaveLength(Object.keys(COMPONENTS).length);
    expect([components.app?.count, components.card?.count]).toEqual([1, 2]);
    for (const file of Object.values(COMPONENTS)) {
      const { config } = JSON.parse(readFileSync(join(src(PROJECT), file), 'utf8'));
      const named = config.entrypoint ?? config.logo;
      if (named) expect(existsSync(join(src(PROJECT), named))).toBe(true);
    }
  });

  test("keeps HubSpot's name out of what users read", () => {
    for (const file of Object.values(COMPONENTS)) {
      const { config } = JSON.parse(readFileSync(join(src(PROJECT), file), 'utf8'));
      expect(`${config.name} ${config.description}`).not.toMatch(/hub\s?spot/i);
    }
  });
});
