/**
 * Hints from other processes that something has changed. They may be lost, and doubled: whoever listens reads the
 * truth elsewhere, and also without being told.
 */
export interface Notifications {
  /**
   * Calls the listener with the payload of each notification on this channel, and with an empty text when some may
   * have been missed. Returns how to stop.
   */
  subscribe(channel: string, listener: (payload: string) => void): () => void;
}
