/** HubSpot's component names, each drawn as plain HTML in a look of our own (extension.css). */
import { type ComponentMapping, type Controller, createController } from '@remote-ui/react/host';
import type { ComponentType } from 'react';
import { content } from './content.tsx';
import { controls } from './controls.tsx';
import { layout } from './layout.tsx';
import { states } from './states.tsx';
import { table } from './table.tsx';

const known: ComponentMapping = { ...layout, ...content, ...controls, ...states, ...table };

/** A component that the playground does not draw is said by name, so that it is not simply missing. */
function missing(name: string): ComponentType {
  const drawn = () => <span className="hx-missing">{`<${name}> is not drawn in the playground`}</span>;
  known[name] = drawn;
  return drawn;
}

const drawn = createController(known);

/** `@remote-ui`'s own controller throws on a name that it does not know, and takes the whole card with it. */
export const controller: Controller = {
  ...drawn,
  get: (type) => known[String(type)] ?? missing(String(type)),
};
