/** One report of a long step. A step reports often; the receiver throttles. */
export interface ProgressEvent {
  /** What is being done, in a few words for a person: `fetching crun 1.21-1`. */
  readonly step: string;
  /** Bytes (or items) done and to do, where they are known. */
  readonly done?: number;
  readonly total?: number;
  /** What a person should know though work goes on, in one sentence. It is shown once, whatever the receiver throttles. */
  readonly warning?: string;
}

export type Progress = (event: ProgressEvent) => void;

export const silent: Progress = () => {};
