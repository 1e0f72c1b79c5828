/** Intercom's Canvas Kit as it stands on the wire: https://developers.intercom.com/docs/canvas-kit */
export interface Canvas {
  content: { components: CanvasComponent[] };
  stored_data?: Record<string, unknown>;
}

export type CanvasAction = { type: 'submit' } | { type: 'url'; url: string } | { type: 'sheet'; url: string };
export interface CanvasOption {
  type: 'option';
  id: string;
  text: string;
  disabled?: boolean;
}
export interface CanvasItem {
  type: 'item';
  id: string;
  title: string;
  subtitle?: string;
  tertiary_text?: string;
  image?: string;
  image_width?: number;
  image_height?: number;
  rounded_image?: boolean;
  disabled?: boolean;
  action?: CanvasAction;
}
export type SaveState = 'unsaved' | 'saved' | 'failed';

export type CanvasComponent =
  | {
      type: 'text';
      id?: string;
      text: string;
      align?: 'left' | 'center' | 'right';
      style?: 'header' | 'paragraph' | 'muted' | 'error';
      bottom_margin?: 'none';
    }
  | {
      type: 'button';
      id: string;
      label: string;
      style?: 'primary' | 'secondary' | 'link';
      disabled?: boolean;
      action: CanvasAction;
    }
  | {
      type: 'input';
      id: string;
      label?: string;
      placeholder?: string;
      value?: string;
      disabled?: boolean;
      save_state?: SaveState;
      action?: CanvasAction;
    }
  | {
      type: 'textarea';
      id: string;
      label?: string;
      placeholder?: string;
      value?: string;
      error?: boolean;
      disabled?: boolean;
    }
  | {
      type: 'dropdown';
      id: string;
      label?: string;
      options: CanvasOption[];
      value?: string;
      disabled?: boolean;
      save_state?: SaveState;
    }
  | {
      type: 'single-select';
      id: string;
      label?: string;
      options: CanvasOption[];
      value?: string;
      disabled?: boolean;
      save_state?: SaveState;
      action?: CanvasAction;
    }
  | {
      type: 'checkbox';
      id: string;
      label: string;
      /** Intercom's schema says `option`, its own samples `options`: both are drawn. */
      options?: CanvasOption[];
      option?: CanvasOption[];
      value?: string[];
      disabled?: boolean;
      save_state?: SaveState;
    }
  | { type: 'list'; items: CanvasItem[]; disabled?: boolean }
  | { type: 'data-table'; items: { type: 'field-value'; field: string; value: string }[] }
  | {
      type: 'image';
      id?: string;
      url: string;
      width: number;
      height: number;
      align?: 'left' | 'center' | 'right' | 'full_width';
      rounded?: boolean;
      bottom_margin?: 'none';
      action?: CanvasAction;
    }
  | { type: 'divider'; id?: string; bottom_margin?: 'none' }
  | { type: 'spacer'; id?: string; size?: 'xs' | 's' | 'm' | 'l' | 'xl' };
