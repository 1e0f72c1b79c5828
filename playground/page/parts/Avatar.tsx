import type { CSSProperties } from 'react';
import { hue, initials } from './names.ts';

export const Avatar = ({ name, small }: { name: string; small?: boolean }) => (
  <span
    className={small ? 'avatar small' : 'avatar'}
    style={{ '--hue': hue(name) } as CSSProperties}
    aria-hidden="true"
  >
    {initials(name)}
  </span>
);
