import { describe, expect, test } from 'vitest';
import { openApi } from './openapi.ts';

const klaviyo = openApi('klaviyo.openapi.json');
const mailchimp = openApi('mailchimp-marketing.swagger.json');
const none = new URLSearchParams();

test('a description that is not there is undefined, so that a clone without it skips', () => {
  expect(openApi('absent.json')).toBeUndefined();
});

describe.skipIf(!klaviyo)('OpenAPI 3.0', () => {
  const list = {
    type: 'list',
    id: 'L1',
    attributes: { name: 'Top', opt_in_process: 'single_opt_in' },
    links: { self: 'https://a.klaviyo.com/api/lists/L1' },
  };
  const get = {
    method: 'GET',
    path: '/api/lists',
    query: none,
    status: 200,
    reply: { data: [list], links: { self: 'https://a.klaviyo.com/api/lists' } },
  };

  test('a right exchange has no errors, nulls included', () => {
    const nulls = { ...list, attributes: { name: null, created: null, opt_in_process: 'single_opt_in' } };

    expect(klaviyo?.check(get)).toEqual([]);
    expect(klaviyo?.check({ ...get, reply: { ...get.reply, data: [nulls] } })).toEqual([]);
    expect(
      klaviyo?.check({
        ...get,
        query: new URLSearchParams({ 'page[size]': '10', 'fields[list]': 'name,id' }),
      }),
    ).toEqual([]);
  });

  test('a wrong reply, query, body, status and path are each named', () => {
    const post = {
      method: 'POST',
      path: '/api/lists',
      query: none,
      status: 404,
      request: { data: { type: 'lists' } },
      reply: { errors: [] },
    };

    expect(klaviyo?.check({ ...get, reply: { data: [{ ...list, id: 7 }] } })).toEqual([
      'GET /api/lists: reply 200/data/0/id must be string',
    ]);
    expect(klaviyo?.check({ ...get, query: new URLSearchParams({ 'page[size]': '11' }) })).toEqual([
      'GET /api/lists: query page[size]/value must be <= 10',
    ]);
    expect(klaviyo?.check({ ...get, query: new URLSearchParams({ limit: '1' }) })).toEqual([
      'GET /api/lists: query limit is not described',
    ]);
    expect(klaviyo?.check(post)).toEqual([
      "POST /api/lists: request/data must have required property 'attributes'",
      'POST /api/lists: request/data/type must be equal to one of the allowed values (["list"])',
    ]);
    expect(klaviyo?.check({ ...get, status: 302 })).toEqual(['GET /api/lists: status 302 is not described']);
    expect(klaviyo?.check({ ...get, path: '/api/nothing' })).toEqual([
      'GET /api/nothing: the platform describes no such operation',
    ]);
  });
});

describe.skipIf(!mailchimp)('Swagger 2.0', () => {
  const tags = { method: 'POST', path: '/lists/abc/members/f00/tags', query: none, status: 204 };

  test('a right body is accepted, with the base path and without', () => {
    const request = { tags: [{ name: 'Top', status: 'active' }] };

    expect(mailchimp?.check({ ...tags, request })).toEqual([]);
    expect(mailchimp?.check({ ...tags, path: `/3.0${tags.path}`, request })).toEqual([]);
  });

  test('a wrong or missing body is an error', () => {
    expect(mailchimp?.check({ ...tags, request: { tags: [{ name: 'Top', status: 'on' }] } })).toHaveLength(1);
    expect(mailchimp?.check({ ...tags, request: { tag: [] } })).toHaveLength(1);
    expect(mailchimp?.check(tags)).toEqual([`POST ${tags.path}: request has no body`]);
  });

  test('query values are read as what the description says they are', () => {
    const get = { method: 'GET', path: '/lists', status: 200, reply: { lists: [], total_items: 0 } };

    expect(
      mailchimp?.check({
        ...get,
        query: new URLSearchParams({ count: '10', fields: 'lists.id,lists.name' }),
      }),
    ).toEqual([]);
    expect(mailchimp?.check({ ...get, query: new URLSearchParams({ count: 'ten' }) })).toHaveLength(1);
  });
});
