package launchdarkly

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/rolewright/rolewright/reconcile/role"
)

// A list that lacks a role is the most dangerous answer there is: the role would be made anew, or
// be called gone. LaunchDarkly pages by offset and holds nothing still meanwhile, so a role moves
// to an earlier page when one before it is deleted, and a reader that only counts can miss it:
// one deleted in front and one added at the end leave the count as it was.
//
// Therefore each page after the first begins with the last role of the page before. As long as
// that role is where it was, and unchanged, nothing in front of it has shifted. With both ends of
// every page checked like this, and totals and lengths as expected, a role that was there all the
// time has been seen, in whichever order the pages were read. Anything else makes the walk torn,
// and it is done again.
//
// The first page tells the total; the rest are read in parallel. So a list costs one round trip,
// and pages/parallelism more. An account that refuses the size of the page with 400 is asked for
// all smaller sizes at once, and the largest that it grants is kept.

const (
	rolesPath = "/api/v2/roles"
	maxWalks  = 4
	// maxPages ends a list that gives no total and has no end.
	maxPages = 200
	// maxRoles is more than any account holds (LaunchDarkly's limit is 1,000, more on request).
	maxRoles = 100_000
)

// smallerPages are the sizes to fall back to. 20 is what LaunchDarkly gives unasked.
var smallerPages = []int{500, 200, 100, 20}

// page is one answer of the list.
type page struct {
	offset int
	roles  []role.Live
	total  int  // -1 if the account does not say
	more   bool // the account names a next page
}

// tornError says what did not fit together in one walk over the pages.
type tornError struct{ why string }

func (e *tornError) Error() string { return e.why }

func torn(format string, args ...any) error { return &tornError{fmt.Sprintf(format, args...)} }

// Roles returns every role of the account, sorted by key, or an error. It wraps
// [role.ErrChanging] if the account did not hold still over several walks.
func (c *Client) Roles(ctx context.Context) ([]role.Live, error) {
	for walk := 1; ; walk++ {
		roles, err := c.walk(ctx)
		if err == nil {
			return roles, nil
		}
		if _, again := errors.AsType[*tornError](err); !again {
			return nil, fmt.Errorf("list roles: %w", err)
		}
		c.log.DebugContext(ctx, "list torn", "walk", walk, "why", err.Error())
		if walk == maxWalks {
			return nil, fmt.Errorf("list roles: %w: %w (%d walks)", role.ErrChanging, err, maxWalks)
		}
		if err := c.pauseFor(ctx, pause(nil, walk, c.jitter()), http.MethodGet, rolesPath, c.clean(err.Error())); err != nil {
			return nil, fmt.Errorf("list roles: %w", err)
		}
	}
}

// walk reads all pages once.
func (c *Client) walk(ctx context.Context) ([]role.Live, error) {
	first, size, err := c.firstPage(ctx)
	if err != nil {
		return nil, err
	}
	var pages []page
	if first.total < 0 {
		pages, err = c.untilNothingNew(ctx, first, size)
	} else {
		pages, err = c.rest(ctx, first)
	}
	if err != nil {
		return nil, err
	}
	return join(pages, first.total)
}

// firstPage returns the first page and the size that was asked for.
func (c *Client) firstPage(ctx context.Context) (page, int, error) {
	size := int(c.pageSize.Load())
	p, err := c.page(ctx, 0, size)
	if !tooLarge(err) {
		return p, size, err
	}
	sizes := slices.DeleteFunc(slices.Clone(smallerPages), func(n int) bool { return n >= size })
	pages, errs := make([]page, len(sizes)), make([]error, len(sizes))
	stopped := c.each(ctx, len(sizes), func(ctx context.Context, i int) error {
		pages[i], errs[i] = c.page(ctx, 0, sizes[i])
		return nil
	})
	if stopped != nil {
		return page{}, size, stopped // not every size was asked for
	}
	for i, n := range sizes {
		if p, err = pages[i], errs[i]; !tooLarge(err) {
			c.pageSize.Store(int64(n))
			return p, n, err
		}
	}
	return p, size, err
}

func tooLarge(err error) bool {
	e, ok := errors.AsType[*APIError](err)
	return ok && e.Status == http.StatusBadRequest
}

// rest reads what follows the first page, as the total tells, in pages of the size that the first
// one really had.
func (c *Client) rest(ctx context.Context, first page) ([]page, error) {
	size := len(first.roles)
	switch {
	case first.total > maxRoles:
		return nil, fmt.Errorf("the account says it holds %d roles; rolewright reads at most %d", first.total, maxRoles)
	case size == 0 && first.total > 0:
		return nil, torn("the first page is empty, the total is %d", first.total)
	}
	pages := []page{first}
	for end := size; end < first.total; {
		from := max(end-1, end-size+1) // one role again, unless a page holds but one
		pages = append(pages, page{offset: from})
		end = from + size
	}
	err := c.each(ctx, len(pages)-1, func(ctx context.Context, i int) error {
		p, err := c.page(ctx, pages[i+1].offset, size)
		if err != nil {
			return err
		}
		pages[i+1] = p
		return p.fits(first.total, size)
	})
	return pages, err
}

// fits checks a page against what the first one promised.
func (p page) fits(total, size int) error {
	if p.total >= 0 && p.total != total {
		return torn("the total was %d and is %d on the page at offset %d", total, p.total, p.offset)
	}
	if want := min(size, total-p.offset); len(p.roles) != want {
		return torn("the page at offset %d holds %d roles instead of %d", p.offset, len(p.roles), want)
	}
	return nil
}

// untilNothingNew reads on page by page where the account gives no total. A short page does not
// end the list, as the account may have granted less than was asked for.
func (c *Client) untilNothingNew(ctx context.Context, first page, size int) ([]page, error) {
	size = max(size, 2) // one to recognise and one to go on with
	pages, last := []page{first}, first
	for len(last.roles) > 0 {
		if len(pages) > maxPages {
			return nil, fmt.Errorf("the list has no end after %d pages", maxPages)
		}
		next, err := c.page(ctx, last.offset+len(last.roles)-1, size)
		if err != nil {
			return nil, err
		}
		if err := next.follows(last); err != nil {
			return nil, err // at once, or a list that grows in front would be read for ever
		}
		pages = append(pages, next)
		if len(next.roles) == 1 {
			break
		}
		last = next
	}
	return pages, nil
}

// join checks that the pages hang together and returns their roles.
func join(pages []page, total int) ([]role.Live, error) {
	for i, p := range pages[1:] {
		if err := p.follows(pages[i]); err != nil {
			return nil, err
		}
	}
	if last := pages[len(pages)-1]; last.more {
		return nil, torn("the account names a next page after the last one")
	}
	seen := map[string]role.Live{}
	for _, p := range pages {
		for _, r := range p.roles {
			if twin, twice := seen[r.Key]; twice && !same(twin, r) {
				return nil, torn("role %s is in the list twice and differs", quote(r.Key))
			}
			seen[r.Key] = r
		}
	}
	if total >= 0 && len(seen) != total {
		return nil, torn("the total is %d and %d roles were seen", total, len(seen))
	}
	return sorted(seen), nil
}

// follows checks that p begins with the last role of the page before, where they overlap.
func (p page) follows(before page) error {
	end := before.offset + len(before.roles)
	if p.offset >= end {
		return nil // pages of one role
	}
	last := before.roles[len(before.roles)-1]
	if len(p.roles) == 0 || !same(last, p.roles[0]) {
		return torn("role %s is no longer at offset %d", quote(last.Key), p.offset)
	}
	return nil
}

func same(a, b role.Live) bool { return a.Key == b.Key && a.Digest() == b.Digest() }

func sorted(seen map[string]role.Live) []role.Live {
	roles := make([]role.Live, 0, len(seen))
	for _, r := range seen {
		roles = append(roles, r)
	}
	slices.SortFunc(roles, func(a, b role.Live) int { return strings.Compare(a.Key, b.Key) })
	return roles
}

// each calls work for 0 to n-1, as many at a time as the client may. After an error nothing new
// is started; it returns the first one.
func (c *Client) each(ctx context.Context, n int, work func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	free := make(chan struct{}, c.parallelism)
	for i := range n {
		free <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		wg.Go(func() {
			defer func() { <-free }()
			if err := work(ctx, i); err != nil {
				cancel(err)
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// page reads one page.
func (c *Client) page(ctx context.Context, offset, size int) (page, error) {
	query := url.Values{"limit": {strconv.Itoa(size)}, "offset": {strconv.Itoa(offset)}}
	v, err := c.do(ctx, http.MethodGet, rolesPath, query, nil)
	if err != nil {
		return page{}, err
	}
	p, err := c.readPage(*v, offset)
	if err != nil {
		return page{}, c.misread(ctx, http.MethodGet, rolesPath, err)
	}
	return p, nil
}

func (c *Client) readPage(v value, offset int) (page, error) {
	o := newObject("the list", v)
	if items, ok := o.v.fields["items"]; o.err == nil && (!ok || items.items == nil) {
		return page{}, errors.New(`the list has no "items"`)
	}
	p := page{offset: offset, total: o.count("totalCount", -1)}
	for _, item := range o.list("items") {
		r, err := readRole(item)
		if err != nil {
			return page{}, err
		}
		p.roles = append(p.roles, r)
	}
	links := o.object("_links")
	_, p.more = links.get("next")
	next := links.object("next").text("href")
	o.adopt(links)
	if o.err == nil && p.more {
		o.err = c.checkNext(next, offset)
	}
	return p, o.err
}

// checkNext refuses a link to the next page that leads elsewhere. The link is never followed,
// since the offsets are known; one that is wrong shows that this is not the list that was asked for.
func (c *Client) checkNext(href string, offset int) error {
	next, err := url.Parse(href)
	if err != nil {
		return errors.New("the link to the next page is not an address")
	}
	if next.Host != "" && next.Scheme+"://"+next.Host != c.base || next.User != nil {
		return fmt.Errorf("the next page is said to be on host %s", quote(next.Host))
	}
	if next.Path != rolesPath {
		return fmt.Errorf("the next page is said to be at %s", quote(next.Path))
	}
	if to, err := strconv.Atoi(next.Query().Get("offset")); err != nil || to <= offset {
		return fmt.Errorf("the link to the next page, after the one at offset %d, does not lead on", offset)
	}
	return nil
}
