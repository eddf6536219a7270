import { basename } from 'node:path';
import { Hono } from 'hono';
import { compress } from 'hono/compress';
import { csrf } from 'hono/csrf';
import { html } from 'hono/html';
import { HTTPException } from 'hono/http-exception';
import { secureHeaders } from 'hono/secure-headers';
import { asProblem } from '../run/problem.ts';
import { isTrusted, login, type Access, type Env } from './access.ts';
import { assetRoutes } from './assets.ts';
import { healthRoutes, type Health } from './health.ts';
import { jobRoutes } from './job-routes.ts';
import { page, type Html } from './layout.ts';
import { only, problemNotice } from './pieces.ts';
import { jobFilePage } from './pages/job-file.ts';
import { jobsPage } from './pages/jobs.ts';
import { openViews } from './views.ts';
import type { Site } from './site.ts';

/** All that the daemon answers over HTTP. What is known of people is told to those alone whom `access` trusts. */
export function webApp(site: Site, health: Health, access: Access): Hono<Env> {
  const view = openViews(site);
  const app = new Hono<Env>();
  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        styleSrc: ["'self'"],
        scriptSrc: ["'self'"],
        imgSrc: ["'self'"],
        connectSrc: ["'self'"],
        formAction: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
      referrerPolicy: 'no-referrer',
      xFrameOptions: 'DENY',
      // Whether it is reached over TLS is the proxy's to say.
      strictTransportSecurity: false,
    }),
  );
  app.use(async (context, next) => {
    await next();
    if (!context.res.headers.has('cache-control')) context.header('cache-control', 'no-store');
  });
  app.use(csrf());
  app.use(compress());
  app.route('/', healthRoutes(health, access));
  app.route('/', assetRoutes());

  app.get('/login', (context) => context.html(loginPage(access)));
  app.post('/login', async (context) => {
    const { token } = await context.req.parseBody();
    if (await login(context, access.token, String(token ?? ''))) return context.redirect('/', 303);
    return context.html(loginPage(access, 'That is not the token.'), 401);
  });
  app.use(async (context, next) => {
    if (await isTrusted(context, access)) return next();
    if (context.req.method === 'GET' && access.token) return context.redirect('/login', 303);
    return context.html(loginPage(access), 401);
  });

  app.get('/', async (context) => context.html(await jobsPage(view(context))));
  app.get('/files/:file', async (context) => {
    const shown = view(context);
    const wanted = context.req.param('file');
    const file = shown.files().find((one) => basename(one) === wanted);
    if (file === undefined) return context.notFound();
    return context.html(page({ title: wanted }, await jobFilePage(shown, file)));
  });
  app.route('/jobs', jobRoutes(view));

  app.notFound((context) => context.html(missing(), 404));
  app.onError((error, context) => {
    if (error instanceof HTTPException) {
      const said = only('Not like this', 'Another site asked for this in your name, so nothing was done.');
      return context.html(page({ title: 'Refused' }, said), error.status);
    }
    const problem = asProblem(error, 'the page');
    site.log('page could not be shown', { path: context.req.routePath, ...problem });
    const said = [html`<h1>This could not be shown</h1>`, problemNotice(problem)];
    return context.html(page({ title: 'It could not be shown' }, said), 500);
  });
  return app;
}

function missing(): Html {
  return page({ title: 'Not found' }, only('There is nothing here', html`<p><a href="/">All jobs</a></p>`));
}

function loginPage({ token }: Access, wrong?: string): Html {
  if (token === undefined) {
    return page(
      { title: 'Not from here' },
      only(
        'Not from here',
        html`<p>
          This page is shown on the machine that it runs on. For others, set <code>daemon.token</code> or
          <code>daemon.proxy</code> in the settings.
        </p>`,
      ),
    );
  }
  return page(
    { title: 'Log in' },
    html`<h1>Log in</h1>
      ${wrong ? html`<p role="alert" class="notice bad">${wrong}</p>` : ''}
      <form method="post" action="/login" class="search">
        <label for="token">Token (<code>daemon.token</code> of the settings)</label>
        <input id="token" name="token" type="password" autocomplete="current-password" required />
        <button type="submit" class="main">Log in</button>
      </form>`,
  );
}
