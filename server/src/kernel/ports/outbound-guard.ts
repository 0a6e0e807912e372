/** An address that may be connected to. */
export interface OutboundAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/**
 * Decides where requests that somebody asked for may go (remote engines, model sources, later connectors and
 * webhooks): public addresses, and those internal ones that `SAMOVAR_OUTBOUND_ALLOW` names.
 */
export interface OutboundGuard {
  /**
   * The addresses that stand behind a host name or an IP literal (an IPv6 one with or without brackets), in the
   * resolver's order. Connect to these, never to the name: a second look-up may tell another address. Ask anew for
   * each connection, the target of a redirect included. Throws `request.address_refused` when one of them is refused, and
   * the resolver's own error (`ENOTFOUND`, `EAI_AGAIN`) when there is none.
   */
  resolve(host: string, port: number): Promise<readonly OutboundAddress[]>;

  /**
   * Lets a proxy be asked to connect there. The proxy resolves the name by itself, so nothing can be pinned: addresses
   * are judged as they are written, names by what they resolve to here and, where they are not known here, by their
   * form. Throws `request.address_refused`, also for names that stand for internal machines everywhere (without a dot,
   * below `.internal`, `.local` and the like).
   */
  permitByProxy(host: string, port: number): Promise<void>;
}
