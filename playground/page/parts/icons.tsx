/** The few pictures of the page, drawn here so that nothing is fetched from anywhere. */
const stroke = {
  fill: 'none',
  stroke: 'currentColor',
  strokeWidth: 1.8,
  strokeLinecap: 'round',
  strokeLinejoin: 'round',
} as const;

export const Logo = () => (
  <svg className="logo" viewBox="0 0 32 32" aria-hidden="true">
    <path
      fill="currentColor"
      d="M16 3c-5.4 0-9.4 4-9.4 9 0 2.6 1 4.3 1 6 0 2.2-2.4 2.5-4.2 1.6-.8-.4-1.5.6-.9 1.3 1.6 1.9 4.7 2.2 6.6.6.3 2.4-1 4.2-2.6 5-.8.4-.5 1.6.4 1.5 3-.2 5-2.1 5.5-4.8.6 1.9.3 3.6-.4 5-.4.8.5 1.5 1.1.9 1.4-1.3 2.3-3.2 2.9-5.2.6 2 1.5 3.9 2.9 5.2.6.6 1.5-.1 1.1-.9-.7-1.4-1-3.1-.4-5 .5 2.7 2.5 4.6 5.5 4.8.9.1 1.2-1.1.4-1.5-1.6-.8-2.9-2.6-2.6-5 1.9 1.6 5 1.3 6.6-.6.6-.7-.1-1.7-.9-1.3-1.8.9-4.2.6-4.2-1.6 0-1.7 1-3.4 1-6 0-5-4-9-9.4-9Z"
    />
    <circle cx="12.6" cy="12.6" r="2" fill="var(--logo-eye)" />
    <circle cx="19.4" cy="12.6" r="2" fill="var(--logo-eye)" />
  </svg>
);
export const Clip = () => (
  <svg viewBox="0 0 24 24" aria-hidden="true" {...stroke}>
    <path d="m20 11-8.2 8.2a5 5 0 0 1-7-7L13 4a3.4 3.4 0 0 1 4.8 4.8l-8.2 8.2a1.7 1.7 0 0 1-2.4-2.4L14.5 7.3" />
  </svg>
);
export const Send = () => (
  <svg viewBox="0 0 24 24" aria-hidden="true" {...stroke}>
    <path d="M4.5 12 4 5l16.5 7L4 19l.5-7Zm0 0H12" />
  </svg>
);
export const Arrow = () => (
  <svg viewBox="0 0 24 24" aria-hidden="true" {...stroke}>
    <path d="M5 12h14m-5-5 5 5-5 5" />
  </svg>
);
export const Close = () => (
  <svg viewBox="0 0 24 24" aria-hidden="true" {...stroke}>
    <path d="m6 6 12 12M18 6 6 18" />
  </svg>
);
export const Bolt = () => (
  <svg viewBox="0 0 24 24" aria-hidden="true" {...stroke}>
    <path d="M13 3 5 14h6l-1 7 8-11h-6l1-7Z" />
  </svg>
);
