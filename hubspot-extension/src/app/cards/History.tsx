import {
  StatusTag,
  Table,
  TableBody,
  TableCell,
  TableHead,
  TableHeader,
  TableRow,
  Text,
} from '@hubspot/ui-extensions';
import { type CardMessage, messageStatus, moment } from '@octopods/card-view';
import type { Surroundings } from './Channel.tsx';

interface HistoryProps {
  messages: CardMessage[];
  surroundings: Surroundings;
}

/** The last messages, newest first: four columns in a tab, two in the sidebar. */
export function History({ messages, surroundings }: HistoryProps) {
  if (messages.length === 0) return <Text>No messages in the last days.</Text>;
  return (
    <Table density="condensed" flush={true}>
      <TableHead>
        <TableRow>
          {surroundings.wide && <TableHeader width="min">When</TableHeader>}
          {surroundings.wide && <TableHeader width="min">From</TableHeader>}
          <TableHeader width="auto">Message</TableHeader>
          <TableHeader width="min">Status</TableHeader>
        </TableRow>
      </TableHead>
      <TableBody>
        {messages.map((message) => (
          <Row key={message.id} message={message} surroundings={surroundings} />
        ))}
      </TableBody>
    </Table>
  );
}

function Row({ message, surroundings }: { message: CardMessage; surroundings: Surroundings }) {
  const status = messageStatus(message);
  const from = message.direction === 'in' ? 'Customer' : 'Us';
  const when = moment(message.at, surroundings.locale);
  return (
    <TableRow testId={`message-${message.id}`}>
      {surroundings.wide && <TableCell width="min">{when}</TableCell>}
      {surroundings.wide && <TableCell width="min">{from}</TableCell>}
      <TableCell width="auto">
        <Text format={{ italic: message.excerpt === '' }}>{message.excerpt || 'The content was erased'}</Text>
        {!surroundings.wide && <Text variant="microcopy">{`${from}, ${when}`}</Text>}
      </TableCell>
      <TableCell width="min">
        <StatusTag variant={status.tone} hollow={message.status === 'queued'} testId={`status-${message.id}`}>
          {status.text}
        </StatusTag>
      </TableCell>
    </TableRow>
  );
}
