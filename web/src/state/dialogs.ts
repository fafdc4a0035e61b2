import { create } from 'zustand';
import type { FileName } from '../net/files';

// What lies over the page. At most one of each; all can be closed with Escape.

export interface MaskTarget {
  tab: string;
  graph: string;
  node: string;
  input: string;
  value: string;
}

export interface ViewedPicture {
  file: FileName;
  url: string;
  title: string;
  job?: string;
}

export interface PaletteRequest {
  kind: 'nodes' | 'commands' | 'replace' | 'link' | 'find';
  /** In the window. */
  at: { x: number; y: number };
}

interface Dialogs {
  palette: PaletteRequest | null;
  mask: MaskTarget | null;
  viewer: { pictures: ViewedPicture[]; at: number; compare: number | null } | null;
  /** Linking by keys: from an output of the focused node, or to one of its inputs. */
  linkPicker: 'output' | 'input' | null;
  shortcuts: boolean;
  settings: boolean;
  menu: { x: number; y: number; commands: string[] } | null;
  prompt: { label: string; value: string; done(value: string): void } | null;
  /** A question with answers to choose from. */
  question: { label: string; text: string; answers: string[]; done(answer: number): void } | null;
  /** A picture whose settings another program wrote into it. */
  foreign: { file: File; text: string } | null;
  /** Two graphs to compare. */
  difference: { title: string; lines: { kind: string; text: string }[] } | null;
}

export const useDialogs = create<Dialogs>(() => ({
  palette: null, mask: null, linkPicker: null, viewer: null, shortcuts: false, settings: false, menu: null, prompt: null, difference: null,
  question: null, foreign: null,
}));

export const openMaskPainter = (mask: MaskTarget): void => useDialogs.setState({ mask });

export function openViewer(pictures: ViewedPicture[], at: number, compare: number | null = null): void {
  useDialogs.setState({ viewer: { pictures, at, compare } });
}

export function askText(label: string, value: string): Promise<string | null> {
  return new Promise((resolve) => {
    useDialogs.setState({
      prompt: { label, value, done: (text) => resolve(text === '' ? null : text) },
    });
  });
}

/** The place of the chosen answer; -1: none. */
export function ask(label: string, text: string, answers: string[]): Promise<number> {
  return new Promise((resolve) => {
    useDialogs.setState({ question: { label, text, answers, done: resolve } });
  });
}
