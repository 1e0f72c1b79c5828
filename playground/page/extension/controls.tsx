import { type ChangeEvent, type MouseEvent, type ReactNode, useId } from 'react';

/** What HubSpot hands to a click handler: plain facts, never the DOM event (it could not cross to the worker). */
type Click = (
  event: { type: string; bubbles: boolean; timeStamp: number; id: string },
  reactions: object,
) => void;

interface ButtonProps {
  children?: ReactNode;
  testId?: string;
  onClick?: Click;
  variant?: string;
  size?: string;
  disabled?: boolean;
  type?: 'button' | 'submit' | 'reset';
  href?: string | { url: string };
  loading?: boolean;
}

function Button({
  children,
  testId,
  onClick,
  variant = 'secondary',
  size = 'md',
  loading,
  ...rest
}: ButtonProps) {
  const className = `hx-button hx-${variant} hx-size-${size}`;
  if (rest.href) {
    const url = typeof rest.href === 'string' ? rest.href : rest.href.url;
    return (
      <a className={className} href={url} target="_blank" rel="noreferrer" data-testid={testId}>
        {children}
      </a>
    );
  }
  const clicked = (event: MouseEvent) =>
    onClick?.({ type: 'click', bubbles: true, timeStamp: event.timeStamp, id: '' }, {});
  return (
    <button
      className={className}
      type={rest.type ?? 'button'}
      disabled={rest.disabled || loading}
      aria-busy={loading || undefined}
      onClick={clicked}
      data-testid={testId}
    >
      {loading && <span className="hx-spinner" aria-hidden="true" />}
      {children}
    </button>
  );
}

const ButtonRow = ({ children, testId }: { children?: ReactNode; testId?: string }) => (
  <div className="hx-button-row" data-testid={testId}>
    {children}
  </div>
);

interface FieldProps {
  label: string;
  name?: string;
  value?: string | number;
  placeholder?: string;
  description?: string;
  required?: boolean;
  readOnly?: boolean;
  error?: boolean;
  validationMessage?: string;
  testId?: string;
  options?: { label: string; value: string | number | boolean }[];
  onChange?(value: string): void;
  onInput?(value: string): void;
}

/** A label, its control, and below it what is wrong or what to know. */
function field(draw: (props: FieldProps, common: Record<string, unknown>) => ReactNode) {
  return function Field(props: FieldProps) {
    const id = useId();
    const changed = (event: ChangeEvent<HTMLInputElement>) => {
      props.onInput?.(event.target.value);
      props.onChange?.(event.target.value);
    };
    const hint = props.validationMessage ?? props.description;
    const common = {
      id,
      name: props.name,
      value: props.value ?? '',
      required: props.required,
      readOnly: props.readOnly,
      'aria-invalid': props.error || undefined,
      'aria-describedby': hint ? `${id}-hint` : undefined,
      'data-testid': props.testId,
      onChange: changed,
    };
    return (
      <div className={props.error ? 'hx-field hx-invalid' : 'hx-field'}>
        <label htmlFor={id}>{props.label}</label>
        {draw(props, common)}
        {hint && <small id={`${id}-hint`}>{hint}</small>}
      </div>
    );
  };
}

const Input = field((props, common) => <input type="text" placeholder={props.placeholder} {...common} />);
const TextArea = field((props, common) => <textarea rows={3} placeholder={props.placeholder} {...common} />);
const Select = field((props, common) => (
  <select {...common}>
    <option value="" disabled>
      {props.placeholder ?? 'Choose'}
    </option>
    {props.options?.map((option) => (
      <option key={String(option.value)} value={String(option.value)}>
        {option.label}
      </option>
    ))}
  </select>
));

export const controls = { Button, LoadingButton: Button, ButtonRow, Input, TextArea, Select };
