/**
 * How tall a canvas gets in the inbox, in pixels. The first one may have about 400: what is below the fold is not seen.
 * Measured against the inbox's sidebar (about 40 characters a line) and rounded up; texts wrap, lists and tables do not.
 */
import type { Component } from './components.ts';

export const FIRST_CANVAS_HEIGHT = 400;

const LINE_CHARACTERS = 40;
const LINE = 20;
const MARGIN = 10;
const SPACERS = { xs: 4, s: 8, m: 16, l: 24, xl: 32 };

export const heightOf = (components: Component[]): number =>
  components.reduce((sum, component) => sum + height(component), 0);

function height(component: Component): number {
  switch (component.type) {
    case 'text':
      return lines(component.text) * LINE + (component.bottom_margin === 'none' ? 0 : MARGIN);
    case 'button':
      return (component.style === 'link' ? 22 : 36) + MARGIN;
    case 'list':
      return component.items.reduce((sum, item) => sum + (item.subtitle ? 46 : 28), 0) + MARGIN;
    case 'data-table':
      return component.items.length * 24 + MARGIN;
    case 'divider':
      return 1 + (component.bottom_margin === 'none' ? 0 : MARGIN);
    case 'spacer':
      return SPACERS[component.size];
  }
}

const lines = (text: string): number =>
  text.split('\n').reduce((sum, line) => sum + Math.max(1, Math.ceil([...line].length / LINE_CHARACTERS)), 0);
