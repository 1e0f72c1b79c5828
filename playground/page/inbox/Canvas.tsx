/** Draws Canvas Kit JSON as Intercom's inbox would: all twelve kinds of component, and their actions. */
import { useState } from 'react';
import type { Canvas, CanvasAction, CanvasComponent } from '../canvas.ts';
import { Checkboxes, Dropdown, SingleSelect, TextArea, TextInput } from './canvas-inputs.tsx';
import { marked } from './marked.tsx';

export type Values = Record<string, string | string[]>;
/** What every component of a canvas may need. */
export interface Stage {
  values: Values;
  busy: boolean;
  change(id: string, value: string | string[]): void;
  /** Does a component's action: submits with all values, or opens a page in a new tab. */
  run(id: string, action: CanvasAction, now?: Values): void;
}

interface Props {
  canvas: Canvas;
  busy: boolean;
  onSubmit(componentId: string, inputValues: Values): void;
}

export function CanvasCard({ canvas, busy, onSubmit }: Props) {
  const [edits, setEdits] = useState<{ of: Canvas; values: Values }>({ of: canvas, values: {} });
  // A new canvas begins with its own values: what was typed belongs to the old one.
  const values = { ...initialValues(canvas), ...(edits.of === canvas ? edits.values : {}) };
  const stage: Stage = {
    values,
    busy,
    change: (id, value) =>
      setEdits((before) => ({
        of: canvas,
        values: { ...(before.of === canvas ? before.values : {}), [id]: value },
      })),
    run: (id, action, now) => {
      if (action.type === 'submit') onSubmit(id, { ...values, ...now });
      else window.open(action.url, '_blank', 'noopener');
    },
  };
  return (
    <div className="canvas" aria-busy={busy} data-testid="canvas">
      {canvas.content.components.map((component, index) => (
        // a canvas is replaced as a whole; texts and dividers have no id.
        <Component key={index} component={component} stage={stage} />
      ))}
    </div>
  );
}

function initialValues(canvas: Canvas): Values {
  const values: Values = {};
  for (const component of canvas.content.components) {
    if (component.type === 'checkbox') values[component.id] = component.value ?? [];
    else if ('value' in component && component.value !== undefined) values[component.id] = component.value;
  }
  return values;
}

function Component({ component, stage }: { component: CanvasComponent; stage: Stage }) {
  switch (component.type) {
    case 'text':
      return <TextLine component={component} />;
    case 'button':
      return <Button component={component} stage={stage} />;
    case 'input':
      return <TextInput component={component} stage={stage} />;
    case 'textarea':
      return <TextArea component={component} stage={stage} />;
    case 'dropdown':
      return <Dropdown component={component} stage={stage} />;
    case 'single-select':
      return <SingleSelect component={component} stage={stage} />;
    case 'checkbox':
      return <Checkboxes component={component} stage={stage} />;
    case 'list':
      return <List component={component} stage={stage} />;
    case 'data-table':
      return <DataTable component={component} />;
    case 'image':
      return <Picture component={component} />;
    case 'divider':
      return <hr />;
    case 'spacer':
      return <div className={`ck-spacer ck-${component.size ?? 's'}`} />;
    default:
      return (
        <p className="ck-unknown">Intercom has no component “{(component as { type: string }).type}”.</p>
      );
  }
}

export type Of<Type extends CanvasComponent['type']> = Extract<CanvasComponent, { type: Type }>;

function TextLine({ component }: { component: Of<'text'> }) {
  const style = component.style ?? 'paragraph';
  return (
    <p
      className={`ck-text ck-${style} ${component.bottom_margin === 'none' ? 'ck-tight' : ''}`}
      style={{ textAlign: component.align }}
      role={style === 'error' ? 'alert' : undefined}
    >
      {marked(component.text)}
    </p>
  );
}

function Button({ component, stage }: { component: Of<'button'>; stage: Stage }) {
  return (
    <button
      type="button"
      className={`ck-button ck-${component.style ?? 'primary'}`}
      disabled={component.disabled || stage.busy}
      onClick={() => stage.run(component.id, component.action)}
      data-testid="canvas-button"
      data-component={component.id}
    >
      {component.label}
      {component.action.type === 'url' && <span aria-hidden="true"> ↗</span>}
    </button>
  );
}

function List({ component, stage }: { component: Of<'list'>; stage: Stage }) {
  return (
    <ul className="ck-list">
      {component.items.map((item) => (
        <li key={item.id}>
          <Item item={item} disabled={component.disabled === true} stage={stage} />
        </li>
      ))}
    </ul>
  );
}

function Item({
  item,
  disabled,
  stage,
}: {
  item: Of<'list'>['items'][number];
  disabled: boolean;
  stage: Stage;
}) {
  const content = (
    <>
      {item.image && (
        <img
          src={item.image}
          alt=""
          width={item.image_width ?? 32}
          height={item.image_height ?? 32}
          className={item.rounded_image ? 'ck-round' : undefined}
        />
      )}
      <span className="ck-item-text">
        <strong title={item.title}>{item.title}</strong>
        {item.subtitle && <span title={item.subtitle}>{item.subtitle}</span>}
        {item.tertiary_text && <small>{item.tertiary_text}</small>}
      </span>
    </>
  );
  const { action } = item;
  if (!action) return <div className="ck-item">{content}</div>;
  return (
    <button
      type="button"
      className="ck-item"
      disabled={disabled || item.disabled || stage.busy}
      onClick={() => stage.run(item.id, action)}
      data-testid="canvas-item"
      data-component={item.id}
    >
      {content}
    </button>
  );
}

const DataTable = ({ component }: { component: Of<'data-table'> }) => (
  <dl className="ck-table">
    {component.items.map((item) => (
      <div key={item.field}>
        <dt title={item.field}>{item.field}</dt>
        <dd title={item.value}>{item.value}</dd>
      </div>
    ))}
  </dl>
);

function Picture({ component }: { component: Of<'image'> }) {
  const picture = (
    <img
      className={`ck-image ck-${component.align ?? 'left'} ${component.rounded ? 'ck-round' : ''}`}
      src={component.url}
      alt=""
      width={component.width}
      height={component.height}
    />
  );
  if (component.action?.type !== 'url') return picture;
  return (
    <a href={component.action.url} target="_blank" rel="noreferrer">
      {picture}
    </a>
  );
}
