/** The five components of Canvas Kit that take a value. */
import { type ReactNode, useId } from 'react';
import type { CanvasOption, SaveState } from '../canvas.ts';
import type { Of, Stage } from './Canvas.tsx';

interface Props<Type extends 'input' | 'textarea' | 'dropdown' | 'single-select' | 'checkbox'> {
  component: Of<Type>;
  stage: Stage;
}

const textOf = (stage: Stage, id: string): string => {
  const value = stage.values[id];
  return typeof value === 'string' ? value : '';
};

const SAVE_MARKS: Record<SaveState, string> = { unsaved: '', saved: '✓ Saved', failed: 'Not saved' };
const Saved = ({ state }: { state: SaveState | undefined }) =>
  state && SAVE_MARKS[state] ? <small className={`ck-save ck-${state}`}>{SAVE_MARKS[state]}</small> : null;

function Labelled({ label, children }: { label: string | undefined; children(id: string): ReactNode }) {
  const id = useId();
  return (
    <div className="ck-field">
      {label && <label htmlFor={id}>{label}</label>}
      {children(id)}
    </div>
  );
}

export function TextInput({ component, stage }: Props<'input'>) {
  const { action } = component;
  return (
    <Labelled label={component.label}>
      {(id) => (
        <span className="ck-input">
          <input
            id={id}
            aria-label={component.label ? undefined : (component.placeholder ?? component.id)}
            value={textOf(stage, component.id)}
            placeholder={component.placeholder}
            disabled={component.disabled}
            aria-invalid={component.save_state === 'failed' || undefined}
            onChange={(event) => stage.change(component.id, event.target.value)}
            onKeyDown={(event) => event.key === 'Enter' && action && stage.run(component.id, action)}
            data-component={component.id}
          />
          {action && (
            <button
              type="button"
              aria-label="Submit"
              disabled={stage.busy}
              onClick={() => stage.run(component.id, action)}
            >
              →
            </button>
          )}
          <Saved state={component.save_state} />
        </span>
      )}
    </Labelled>
  );
}

export const TextArea = ({ component, stage }: Props<'textarea'>) => (
  <Labelled label={component.label}>
    {(id) => (
      <textarea
        id={id}
        rows={4}
        aria-label={component.label ? undefined : (component.placeholder ?? component.id)}
        value={textOf(stage, component.id)}
        placeholder={component.placeholder}
        disabled={component.disabled}
        aria-invalid={component.error || undefined}
        onChange={(event) => stage.change(component.id, event.target.value)}
        data-component={component.id}
      />
    )}
  </Labelled>
);

export const Dropdown = ({ component, stage }: Props<'dropdown'>) => (
  <Labelled label={component.label}>
    {(id) => (
      <>
        <select
          id={id}
          aria-label={component.label ? undefined : component.id}
          value={textOf(stage, component.id)}
          disabled={component.disabled}
          onChange={(event) => stage.change(component.id, event.target.value)}
          data-component={component.id}
        >
          <option value="" disabled={true}>
            Choose
          </option>
          {component.options.map((option) => (
            <option key={option.id} value={option.id} disabled={option.disabled}>
              {option.text}
            </option>
          ))}
        </select>
        <Saved state={component.save_state} />
      </>
    )}
  </Labelled>
);

export function SingleSelect({ component, stage }: Props<'single-select'>) {
  const choose = (option: CanvasOption) => {
    stage.change(component.id, option.id);
    if (component.action) stage.run(component.id, component.action, { [component.id]: option.id });
  };
  return (
    <fieldset className="ck-field ck-choices" disabled={component.disabled || stage.busy}>
      {component.label && <legend>{component.label}</legend>}
      {component.options.map((option) => (
        <button
          key={option.id}
          type="button"
          aria-pressed={stage.values[component.id] === option.id}
          disabled={option.disabled}
          onClick={() => choose(option)}
          data-component={option.id}
        >
          {option.text}
        </button>
      ))}
      <Saved state={component.save_state} />
    </fieldset>
  );
}

export function Checkboxes({ component, stage }: Props<'checkbox'>) {
  const value = stage.values[component.id];
  const ticked = Array.isArray(value) ? value : [];
  const toggle = (id: string, on: boolean) =>
    stage.change(component.id, on ? [...ticked, id] : ticked.filter((one) => one !== id));
  return (
    <fieldset className="ck-field" disabled={component.disabled}>
      <legend>{component.label}</legend>
      {(component.options ?? component.option ?? []).map((option) => (
        <label key={option.id} className="ck-check">
          <input
            type="checkbox"
            checked={ticked.includes(option.id)}
            disabled={option.disabled}
            onChange={(event) => toggle(option.id, event.target.checked)}
          />
          {option.text}
        </label>
      ))}
      <Saved state={component.save_state} />
    </fieldset>
  );
}
