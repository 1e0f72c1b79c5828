interface Props {
  label: string;
  testId: string;
  on: boolean;
  onChange(on: boolean): void;
  className?: string;
}

/** On or off, with its name beside it. */
export const Switch = ({ label, testId, on, onChange, className = '' }: Props) => (
  <label className={`switch ${className}`}>
    <input
      type="checkbox"
      role="switch"
      aria-checked={on}
      checked={on}
      onChange={(event) => onChange(event.target.checked)}
      data-testid={testId}
    />
    <span aria-hidden="true" />
    {label}
  </label>
);
