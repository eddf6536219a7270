/**
 * The part of the SDK this connector calls. The published types know neither this entry nor `createSegment` and
 * `batchSegmentMembers`, and promise error values where errors are thrown.
 */
declare module '@mailchimp/mailchimp_marketing/src/ApiClient.js' {
  type Query = { fields?: string[]; count?: number; offset?: number };

  export default class ApiClient {
    /** Scheme, host, port and `/3.0`. */
    basePath: string;
    setConfig(config: { apiKey: string; server?: string }): void;
    root: { getRoot(query: Query): Promise<unknown> };
    lists: {
      getList(listId: string, query: Query & { include_total_contacts: boolean }): Promise<unknown>;
      listSegments(listId: string, query: Query & { type: 'static' }): Promise<unknown>;
      createSegment(listId: string, body: { name: string; static_segment: string[] }): Promise<unknown>;
      /** The body comes first, unlike everywhere else in this SDK. */
      batchSegmentMembers(
        body: { members_to_add: string[]; members_to_remove: string[] },
        listId: string,
        segmentId: string,
      ): Promise<unknown>;
      getSegmentMembersList(
        listId: string,
        segmentId: string,
        query: Query & {
          include_cleaned: boolean;
          include_transactional: boolean;
          include_unsubscribed: boolean;
        },
      ): Promise<unknown>;
      getListMemberTags(listId: string, contactHash: string, query: Query): Promise<unknown>;
    };
  }
}
