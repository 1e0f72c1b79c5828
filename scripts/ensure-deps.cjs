// Runs before every npm script, with whatever Node the machine has: makes `npm start` and `npm test` work on a
// fresh clone by installing exactly what package-lock.json says, once (a no-op takes about 50 ms).
'use strict';
const { execFileSync } = require('node:child_process');
const { existsSync, readFileSync } = require('node:fs');
const { join } = require('node:path');

const root = join(__dirname, '..');
const MINIMUM = [22, 18]; // the first Node that runs .ts files as they are

/** The lock file's packages, without the optional ones that belong to other operating systems. */
function wanted(file) {
  if (!existsSync(file)) return undefined;
  const { packages } = JSON.parse(readFileSync(file, 'utf8'));
  return Object.entries(packages)
    .filter(
      ([path, entry]) =>
        path !== '' &&
        !entry.optional &&
        !entry.devOptional &&
        !entry.link &&
        path.startsWith('node_modules/'),
    )
    .map(([path, entry]) => `${path}@${entry.version}`)
    .sort()
    .join('\n');
}

function installed() {
  const lock = wanted(join(root, 'package-lock.json'));
  return lock !== undefined && lock === wanted(join(root, 'node_modules', '.package-lock.json'));
}

function runsTypeScript(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1]);
}

if (!installed()) {
  console.error('Installing the dependencies from package-lock.json (once; about half a minute) …');
  const npm = process.env.npm_execpath;
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  if (npm) execFileSync(process.execPath, [npm, ...args], { cwd: root, stdio: ['ignore', 2, 2] });
  else execFileSync('npm', args, { cwd: root, stdio: ['ignore', 2, 2] });
}

const local = join(root, 'node_modules', 'node', 'bin', 'node');
if (!existsSync(local) && !runsTypeScript(process.versions.node)) {
  console.error(
    `Octopods needs Node ${MINIMUM.join('.')} or newer and found ${process.versions.node}. ` +
      'Run "npm ci" (it brings its own Node 24) or install a newer Node.',
  );
  process.exit(1);
}
