import { create } from 'zustand';

interface Connection {
  /** undefined: not tried yet. */
  connected: boolean | undefined;
  /** Waiting and running jobs, as the server last said. */
  remaining: number;
}

export const useConnection = create<Connection>(() => ({ connected: undefined, remaining: 0 }));
