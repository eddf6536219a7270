/**
 * The part of the SDK this connector calls. The published types know neither this entry nor `createSegment` and
 * `batchSegmentMembers`, and promise error values where errors are thrown.
 */
declare module '@mailchimp/mailchimp_marketing/src/ApiClient.js' {
  /** `count` 0 is not sent, and means 10. */
  type Query = { fields?: string[]; count?: number; offset?: number };
  type Values = Record<string, string | number>;

  export default class ApiClient {
    /** Scheme, host, port and `/3.0`. */
    basePath: string;
    setConfig(config: { apiKey: string; server?: string }): void;
    root: { getRoot(query: Query): Promise<unknown> };
    lists: {
      getList(listId: string, query: Query & { include_total_contacts: boolean }): Promise<unknown>;
      listSegments(listId: string, query: Query & { type: 'static' }): Promise<unknown>;
      createSegment(listId: string, body: { name: string; static_segment: string[] }): Promise<unknown>;
      /** With `static_segment` beside the name it would replace everybody in the tag. */
      updateSegment(listId: string, segmentId: string, body: { name: string }): Promise<unknown>;
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
      getListMember(listId: string, contactHash: string, query: Query): Promise<unknown>;
      getListMembersInfo(
        listId: string,
        query: Query &
          (
            | { status: 'archived' }
            | { since_last_changed?: string; sort_field: 'last_changed'; sort_dir: 'DESC' }
          ),
      ): Promise<unknown>;
      /** No `status`: it would change that of contacts who exist. No `sync_tags`: it would replace all their tags. */
      batchListMembers(
        listId: string,
        body: {
          members: { email_address: string; status_if_new?: string; merge_fields?: Values }[];
          update_existing: boolean;
        },
        query: { skip_merge_validation: boolean },
      ): Promise<unknown>;
      updateListMember(
        listId: string,
        contactHash: string,
        body: { merge_fields: Values },
        query: { skip_merge_validation: boolean },
      ): Promise<unknown>;
      deleteListMemberPermanent(listId: string, contactHash: string): Promise<unknown>;
      getListMergeFields(listId: string, query: Query): Promise<unknown>;
      addListMergeField(
        listId: string,
        body: { tag: string; name: string; type: string; public: boolean; required: boolean },
      ): Promise<unknown>;
    };
    reports: {
      getAllCampaignReports(query: Query): Promise<unknown>;
      getEmailActivityForCampaign(campaignId: string, query: Query & { since?: string }): Promise<unknown>;
    };
  }
}
