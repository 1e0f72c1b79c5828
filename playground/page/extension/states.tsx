import type { ReactNode } from 'react';

interface Common {
  children?: ReactNode;
  testId?: string;
  title?: string;
}

function Alert({ children, testId, title, variant = 'info' }: Common & { variant?: string }) {
  return (
    <div
      className={`hx-alert hx-${variant}`}
      role={variant === 'danger' ? 'alert' : 'status'}
      data-testid={testId}
    >
      <strong>{title}</strong>
      {children !== undefined && <div>{children}</div>}
    </div>
  );
}

/** A quiet drawing of our own: two speech bubbles, empty. */
const Bubbles = () => (
  <svg className="hx-picture" viewBox="0 0 96 64" aria-hidden="true">
    <path d="M8 8h48a6 6 0 0 1 6 6v18a6 6 0 0 1-6 6H28L16 48V38H8a6 6 0 0 1-6-6V14a6 6 0 0 1 6-6Z" />
    <path d="M70 24h16a6 6 0 0 1 6 6v14a6 6 0 0 1-6 6h-4v8l-10-8H46a6 6 0 0 1-5-3" />
  </svg>
);
const Trouble = () => (
  <svg className="hx-picture" viewBox="0 0 96 64" aria-hidden="true">
    <path d="M48 8 82 58H14Z" />
    <path d="M48 26v14M48 47v2" />
  </svg>
);

function EmptyState({ children, testId, title }: Common) {
  return (
    <div className="hx-state" data-testid={testId}>
      <Bubbles />
      <h4 className="hx-heading">{title}</h4>
      {children}
    </div>
  );
}

function ErrorState({ children, testId, title }: Common) {
  return (
    <div className="hx-state hx-error" role="alert" data-testid={testId}>
      <Trouble />
      <h4 className="hx-heading">{title}</h4>
      {children}
    </div>
  );
}

interface SpinnerProps {
  label: string;
  showLabel?: boolean;
  layout?: 'inline' | 'centered';
  testId?: string;
}
function LoadingSpinner({ label, showLabel, layout, testId }: SpinnerProps) {
  return (
    <div
      className={layout === 'centered' ? 'hx-loading hx-centered' : 'hx-loading'}
      role="status"
      data-testid={testId}
    >
      <span className="hx-spinner" aria-hidden="true" />
      <span className={showLabel ? undefined : 'visually-hidden'}>{label}</span>
    </div>
  );
}

export const states = { Alert, EmptyState, ErrorState, LoadingSpinner };
