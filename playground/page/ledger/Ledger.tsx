import { useState } from 'react';
import type { LedgerRow, LedgerStatus, WireCall } from '../api.ts';
import { Arrow } from '../parts/icons.tsx';
import { APPS, PLATFORMS, SYSTEMS } from '../parts/names.ts';
import { Tabs } from '../parts/Tabs.tsx';
import { elapsed, exactTime } from '../parts/time.ts';

const WORDS: Record<LedgerStatus, string> = {
  queued: 'Queued',
  sending: 'Sending',
  checking: 'Checking',
  sent: 'Sent',
  delivered: 'Delivered',
  read: 'Read',
  failed: 'Failed',
  unknown: 'Unknown',
};

/** Where a message that was sent has arrived: an inbox has it then, a provider only took it. */
const wordFor = (status: LedgerStatus, direction: LedgerRow['direction']): string =>
  status === 'sent' && direction === 'in' ? 'In the inbox' : WORDS[status];

const Chip = ({ status, direction }: Pick<LedgerRow, 'status' | 'direction'>) => (
  <span
    className={`chip ${direction === 'in' && status === 'sent' ? 'read' : status}`}
    data-testid="ledger-status"
  >
    {wordFor(status, direction)}
  </span>
);

interface Props {
  rows: LedgerRow[];
  wire: WireCall[];
}

/** What Octopods keeps of every message, as it happens; and every call on the wire, for those who want to see it. */
export function Ledger({ rows, wire }: Props) {
  const [view, setView] = useState<'all' | 'trouble' | 'wire'>('all');
  const trouble = rows.filter((row) => row.status === 'failed' || row.status === 'unknown');
  const tabs = [
    { id: 'all', label: 'Every message' },
    { id: 'trouble', label: 'Needs attention', badge: trouble.length },
    { id: 'wire', label: 'On the wire' },
  ] as const;
  return (
    <section className="pane ledger" aria-label="Ledger" data-pane="ledger">
      <header className="pane-head">
        <h2>Ledger</h2>
        <Tabs name="Ledger view" tabs={[...tabs]} selected={view} onSelect={setView} className="underline" />
      </header>
      <div className="ledger-scroll">
        {view === 'wire' ? (
          <Wire calls={wire} />
        ) : (
          <Rows rows={view === 'all' ? rows : trouble} view={view} />
        )}
      </div>
    </section>
  );
}

function Rows({ rows, view }: { rows: LedgerRow[]; view: 'all' | 'trouble' }) {
  const [open, setOpen] = useState<string>();
  if (rows.length === 0)
    return (
      <p className="nothing">
        {view === 'trouble'
          ? 'Nothing needs attention. The switches beside this can change that.'
          : 'Every message that passes is written here before it is acknowledged.'}
      </p>
    );
  return (
    <ul className="rows">
      {rows.map((row) => (
        <Row
          key={row.id}
          row={row}
          open={open === row.id}
          onToggle={() => setOpen(open === row.id ? undefined : row.id)}
        />
      ))}
    </ul>
  );
}

function Row({ row, open, onToggle }: { row: LedgerRow; open: boolean; onToggle(): void }) {
  const ends = [APPS[row.app], PLATFORMS[row.platform]];
  const [from, to] = row.direction === 'in' ? ends : ends.reverse();
  return (
    <li className="row" data-testid="ledger-row" data-status={row.status} data-direction={row.direction}>
      <button type="button" className="row-line" aria-expanded={open} onClick={onToggle}>
        <time>{exactTime(row.at)}</time>
        <span className="route">
          {from}
          <Arrow />
          <span className="visually-hidden">to</span>
          {to}
        </span>
        <span className="row-customer" title={row.customer}>
          {row.customer}
        </span>
        <span className="row-excerpt">{row.excerpt}</span>
        <Chip status={row.status} direction={row.direction} />
      </button>
      {open && <Journey row={row} />}
    </li>
  );
}

/** How long each step took, and why it ended as it did. */
function Journey({ row }: { row: LedgerRow }) {
  const attempts = row.attempts ?? 1;
  return (
    <div className="journey">
      <ol>
        {row.history.map((step, index) => (
          <li key={`${step.status}-${step.at}`}>
            <Chip status={step.status} direction={row.direction} />
            <small>
              {index === 0 ? exactTime(step.at) : `+${elapsed(row.history[index - 1]?.at ?? 0, step.at)}`}
            </small>
            {step.reason && <span>{step.reason}</span>}
          </li>
        ))}
      </ol>
      {row.reason && <p>{row.reason}</p>}
      {attempts > 1 && <p>{attempts} attempts</p>}
    </div>
  );
}

function Wire({ calls }: { calls: WireCall[] }) {
  if (calls.length === 0) return <p className="nothing">No call has been made yet.</p>;
  return (
    <table className="wire">
      <thead className="visually-hidden">
        <tr>
          <th>Time</th>
          <th>Between</th>
          <th>Call</th>
          <th>Answer</th>
        </tr>
      </thead>
      <tbody>
        {calls.map((call) => (
          <tr key={call.id} data-testid="wire-call">
            <td>{exactTime(call.at)}</td>
            <td className="wire-ends">
              {call.direction === 'out'
                ? `Octopods → ${SYSTEMS[call.system]}`
                : `${SYSTEMS[call.system]} → Octopods`}
            </td>
            <td className="wire-path" title={call.path}>
              <b>{call.method}</b> {call.path}
            </td>
            <td>
              <span className={`code ${call.status >= 200 && call.status < 300 ? 'good' : 'bad'}`}>
                {call.status || 'no answer'}
              </span>
              {call.fault && <small> {call.fault}</small>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
