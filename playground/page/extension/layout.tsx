import type { CSSProperties, ReactNode } from 'react';

interface Common {
  children?: ReactNode;
  testId?: string;
}

const GAPS: Record<string, string> = {
  flush: '0',
  'extra-small': '4px',
  xs: '4px',
  small: '8px',
  sm: '8px',
  medium: '16px',
  md: '16px',
  large: '24px',
  lg: '24px',
  'extra-large': '40px',
  xl: '40px',
};
const gapOf = (name: string | undefined, fallback = '0') => (name ? (GAPS[name] ?? fallback) : fallback);

const flexWord = (word: string | undefined) => {
  if (word === 'start' || word === 'end') return `flex-${word}`;
  if (word === 'between' || word === 'around') return `space-${word}`;
  return word;
};

interface FlexProps extends Common {
  direction?: 'row' | 'column';
  justify?: string;
  align?: string;
  alignSelf?: string;
  gap?: string;
  wrap?: boolean | string;
}

function Flex({ children, testId, direction = 'row', justify, align, alignSelf, gap, wrap }: FlexProps) {
  const style: CSSProperties = {
    flexDirection: direction,
    justifyContent: flexWord(justify),
    alignItems: flexWord(align),
    alignSelf: flexWord(alignSelf),
    gap: gapOf(gap),
    flexWrap: wrap === true || wrap === 'wrap' ? 'wrap' : 'nowrap',
  };
  return (
    <div className="hx-flex" style={style} data-testid={testId}>
      {children}
    </div>
  );
}

function Stack({ distance = 'sm', direction = 'column', ...rest }: FlexProps & { distance?: string }) {
  return <Flex {...rest} direction={direction} gap={distance} />;
}

const Inline = (props: FlexProps) => <Flex align="center" {...props} direction="row" wrap={true} />;

function Box({ children, testId, flex, alignSelf }: Common & { flex?: number | string; alignSelf?: string }) {
  return (
    <div style={{ flex, alignSelf: flexWord(alignSelf), minWidth: 0 }} data-testid={testId}>
      {children}
    </div>
  );
}

function AutoGrid({ children, testId, columnWidth, gap }: Common & { columnWidth: number; gap?: string }) {
  const columns = `repeat(auto-fill, minmax(min(${columnWidth}px, 100%), 1fr))`;
  return (
    <div style={{ display: 'grid', gridTemplateColumns: columns, gap: gapOf(gap) }} data-testid={testId}>
      {children}
    </div>
  );
}

const Divider = ({ distance, testId }: { distance?: string; testId?: string }) => (
  <hr className="hx-divider" style={{ marginBlock: gapOf(distance, '4px') }} data-testid={testId} />
);
const Spacer = () => <div className="hx-spacer" />;

function Tile({ children, testId, compact }: Common & { compact?: boolean }) {
  return (
    <div className={compact ? 'hx-tile hx-compact' : 'hx-tile'} data-testid={testId}>
      {children}
    </div>
  );
}

export const layout = { Flex, Stack, Inline, Box, AutoGrid, Divider, Spacer, Tile, Card: Tile };
