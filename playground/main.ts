/** `npm start` without any key of a real installation: everything that Octopods talks to is simulated on this machine. */
import { wordsOf } from './server/http.ts';
import { openPlayground, type Playground } from './server/open.ts';
import { CannotOpen, readOptions } from './server/options.ts';

const WELCOME = (url: string): string => `
This is the Octopods playground:

    ${url}

Customers' phones, Intercom and HubSpot are simulated on this machine; what runs between them is the real product.
Nothing leaves this machine, and every start begins afresh. Stop it with Ctrl+C.

It never serves for real. For that, set OCTOPODS_KEYS and the keys of your platforms: docs/running.md.
`;

async function main(): Promise<void> {
  const began = Date.now();
  const playground = await openPlayground(readOptions(process.env));
  stopOnSignals(playground);
  console.log(WELCOME(playground.url));
  const took = () => `${((Date.now() - began) / 1000).toFixed(1)} s`;
  await playground.ready.then(
    () => console.log(`Ready after ${took()}: the first customers have written.`),
    // The page stays, and shows how far it came.
    (error) => console.error(`The playground could not set itself up: ${wordsOf(error)}`),
  );
}

/** A second signal ends it at once. */
function stopOnSignals(playground: Playground): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => {
      console.log('Closing the playground: what is under way is finished first.');
      playground.close().then(
        () => process.exit(0),
        (error) => fail(error),
      );
    });
}

function fail(error: unknown): never {
  const words = error instanceof CannotOpen ? error.message : `The playground failed: ${wordsOf(error)}`;
  console.error(words);
  process.exit(1);
}

main().catch(fail);
