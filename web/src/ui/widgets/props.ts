/** What all widgets take. `onChange` may come many times in one gesture, which `onEnd` closes. */
export interface WidgetProps<T> {
  /** Shown beside the field. */
  label: string;
  /** The accessible name: the node's and the field's. */
  name: string;
  value: T;
  onChange(value: T): void;
  onEnd(): void;
  disabled?: boolean;
  /** What is wrong with the value. */
  invalid?: string;
  tooltip?: string;
}
