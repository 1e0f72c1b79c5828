import type { ReactNode } from 'react';

interface Common {
  children?: ReactNode;
  testId?: string;
}
interface CellProps extends Common {
  align?: 'left' | 'center' | 'right';
  width?: 'min' | 'max' | 'auto' | number;
  colSpan?: number;
}

const widthClass = (width: CellProps['width']) => (width === 'min' ? 'hx-min' : undefined);

const Table = ({ children, testId, density = 'default' }: Common & { density?: string }) => (
  <div className="hx-table-scroll">
    <table className={`hx-table hx-${density}`} data-testid={testId}>
      {children}
    </table>
  </div>
);
const TableHead = ({ children }: Common) => <thead>{children}</thead>;
const TableBody = ({ children }: Common) => <tbody>{children}</tbody>;
const TableFooter = ({ children }: Common) => <tfoot>{children}</tfoot>;
const TableRow = ({ children, testId }: Common) => <tr data-testid={testId}>{children}</tr>;

const TableHeader = ({ children, align, width }: CellProps) => (
  <th scope="col" className={widthClass(width)} style={{ textAlign: align }}>
    {children}
  </th>
);
const TableCell = ({ children, align, width, colSpan }: CellProps) => (
  <td className={widthClass(width)} style={{ textAlign: align }} colSpan={colSpan}>
    {children}
  </td>
);

export const table = { Table, TableHead, TableBody, TableFooter, TableRow, TableHeader, TableCell };
