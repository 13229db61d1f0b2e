package launchdarkly

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/rolewright/rolewright/reconcile/role"
)

// A list that lacks a role is the most dangerous answer there is: the role would be made anew, or
// be called gone. LaunchDarkly pages by offset and holds nothing still meanwhile, so a role moves
// to an earlier page when one before it is deleted, and a reader that only counts can miss it:
// one deleted in front and one added at the end leave the count as it was. Members and teams are
// read in the same way.
//
// Therefore each page after the first begins with the last item of the page before. As long as
// that item is where it was, and unchanged, nothing in front of it has shifted. With both ends of
// every page checked like this, and totals and lengths as expected, an item that was there all the
// time has been seen, in whichever order the pages were read. Anything else makes the walk torn,
// and it is done again.
//
// That holds as long as items keep their order, which nobody promises: one that moves from a page to
// come to one that was read is missed; and if the one in whose place it went is deleted, and a new one
// made, all within one walk, nothing shows it. Therefore roles of several pages are walked until two
// walks have seen the same. What both have seen was there when the first one ended, since ids are not
// given twice; and as many as both have seen were there then: so these were all. Members and teams are
// walked once: one that is missed like this keeps a plan that speaks of it from being applied, and is
// not made or deleted.
//
// The first page tells the total; the rest are read in parallel. So a list of one page costs one round
// trip, and a longer one pages/parallelism more, of roles twice that. An account that refuses the size
// of the page with 400 is asked for all smaller sizes at once, and the largest that it grants is kept;
// one whose page is more than we read at a time is asked for smaller ones in turn.

const (
	rolesPath = "/api/v2/roles"
	maxWalks  = 4
	// maxPages ends a list that gives no total and has no end.
	maxPages = 200
	// maxItems is more than any account holds (of roles, LaunchDarkly's limit is 1,000, more on
	// request).
	maxItems = 100_000
)

// smallerPages are the sizes to fall back to. 20 is what LaunchDarkly gives unasked.
var smallerPages = []int{500, 200, 100, 20}

// listing is one of the account's lists: where it is, and what its items are.
type listing[T any] struct {
	*Client
	path  string
	query url.Values    // beside limit and offset
	noun  string        // of one item, for messages
	size  *atomic.Int64 // of a page; falls where the account refuses it
	read  func(value) (T, error)
	// id is what the account tells items apart by, name what people do; digest says that one has
	// not been edited.
	id, name, digest func(T) string
	// self is what no other item ever has, also not one that takes its place; nil means id.
	self func(T) string
}

// page is one answer of a list.
type page[T any] struct {
	offset int
	items  []T
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
	key := func(r role.Live) string { return r.Key }
	roles, err := listing[role.Live]{
		Client: c, path: rolesPath, noun: "role", size: &c.pageSize, read: readRole,
		id: key, name: key, digest: role.Live.Digest, self: func(r role.Live) string { return r.ID },
	}.all(ctx)
	if err != nil {
		return nil, fmt.Errorf("list roles: %w", err)
	}
	return roles, nil
}

// all returns every item, sorted by id.
func (l listing[T]) all(ctx context.Context) ([]T, error) {
	return steady(ctx, l.Client, l.path, l.twice())
}

// whole returns every item with what the list left out of it, which complete reads.
func whole[T, W any](ctx context.Context, l listing[T], complete func(context.Context, T) (W, error)) ([]W, error) {
	return steady(ctx, l.Client, l.path, func(ctx context.Context) ([]W, error) {
		listed, err := l.walk(ctx)
		if err != nil {
			return nil, err
		}
		items := make([]W, len(listed))
		err = l.each(ctx, len(listed), func(ctx context.Context, i int) (err error) {
			items[i], err = complete(ctx, listed[i])
			if errors.Is(err, role.ErrNotFound) {
				return torn("%s %s is gone since it was listed", l.noun, quote(l.name(listed[i])))
			}
			return err
		})
		return items, err
	})
}

// steady reads until what is read hangs together, a few times.
func steady[T any](ctx context.Context, c *Client, path string, read func(context.Context) (T, error)) (T, error) {
	var none T
	for walk := 1; ; walk++ {
		got, err := read(ctx)
		if err == nil {
			return got, nil
		}
		if _, again := errors.AsType[*tornError](err); !again {
			return none, err
		}
		c.log.DebugContext(ctx, "list torn", "walk", walk, "why", err.Error())
		if walk == maxWalks {
			return none, fmt.Errorf("%w: %s (%d walks)", role.ErrChanging, err.Error(), maxWalks) // not torn: final
		}
		if err := c.pauseFor(ctx, pause(nil, walk, c.jitter()), http.MethodGet, path, c.clean(err.Error())); err != nil {
			return none, err
		}
	}
}

// twice returns what reads the whole list until two walks have seen the same items, if it has several
// pages. A walk that is torn says nothing, and those before and after it may agree.
func (l listing[T]) twice() func(context.Context) ([]T, error) {
	var before []string
	return func(ctx context.Context) ([]T, error) {
		items, found, err := l.walkOnce(ctx)
		for err == nil && found.pages > 1 {
			now, was := l.selves(items), before
			before = now
			switch {
			case slices.Equal(now, was):
				return items, nil
			case was != nil:
				return nil, torn("two walks over its %d pages saw different %ss", found.pages, l.noun)
			}
			items, err = l.walkAgain(ctx, found)
		}
		return items, err
	}
}

// selves returns what tells items from any other that ever was, sorted.
func (l listing[T]) selves(items []T) []string {
	self := l.self
	if self == nil {
		self = l.id
	}
	list := make([]string, len(items))
	for i, item := range items {
		list[i] = self(item)
	}
	slices.Sort(list)
	return list
}

// walk reads all pages once.
func (l listing[T]) walk(ctx context.Context) ([]T, error) {
	items, _, err := l.walkOnce(ctx)
	return items, err
}

// shape is how a walk has found a list: its total, -1 if the account does not say, how many items the
// first page had, and how many pages of that size there are.
type shape struct{ total, size, pages int }

// walkOnce reads all pages, and says how it found them.
func (l listing[T]) walkOnce(ctx context.Context) ([]T, shape, error) {
	first, size, err := l.firstPage(ctx)
	if err != nil {
		return nil, shape{}, err
	}
	items, err := l.walkOn(ctx, first, size)
	found := shape{first.total, len(first.items), 1}
	if found.size > 0 {
		found.pages = (len(items) + found.size - 1) / found.size
	}
	return items, found, err
}

// walkAgain reads all pages of a list of which it is known how many there are: none has to be waited for.
func (l listing[T]) walkAgain(ctx context.Context, found shape) ([]T, error) {
	if found.total < 0 {
		return l.walk(ctx)
	}
	pages := cover[T](found.total, found.size)
	if err := l.fill(ctx, pages, found.total, found.size); err != nil {
		return nil, err
	}
	return l.join(pages, found.total)
}

// walkOn reads the pages after the first one.
func (l listing[T]) walkOn(ctx context.Context, first page[T], size int) (_ []T, err error) {
	var pages []page[T]
	if first.total < 0 {
		pages, err = l.untilNothingNew(ctx, first, size)
	} else {
		pages, err = l.rest(ctx, first)
	}
	if err != nil {
		return nil, err
	}
	return l.join(pages, first.total)
}

// firstPage returns the first page and the size that was asked for.
func (l listing[T]) firstPage(ctx context.Context) (page[T], int, error) {
	size := int(l.size.Load())
	p, err := l.page(ctx, 0, size)
	sizes := slices.DeleteFunc(slices.Clone(smallerPages), func(n int) bool { return n >= size })
	for ; errors.Is(err, errTooMuch) && len(sizes) > 0; sizes = sizes[1:] {
		size = sizes[0] // one at a time, for each is large
		p, err = l.page(ctx, 0, size)
		l.size.Store(int64(size))
	}
	if !badRequest(err) {
		return p, size, err
	}
	pages, errs := make([]page[T], len(sizes)), make([]error, len(sizes))
	stopped := l.each(ctx, len(sizes), func(ctx context.Context, i int) error {
		pages[i], errs[i] = l.page(ctx, 0, sizes[i])
		return nil
	})
	if stopped != nil {
		return page[T]{}, size, stopped // not every size was asked for
	}
	for i, n := range sizes {
		if p, err = pages[i], errs[i]; !badRequest(err) {
			l.size.Store(int64(n))
			return p, n, err
		}
	}
	return p, size, err
}

func badRequest(err error) bool {
	e, ok := errors.AsType[*APIError](err)
	return ok && e.Status == http.StatusBadRequest
}

// rest reads what follows the first page, as the total tells, in pages of the size that the first
// one really had.
func (l listing[T]) rest(ctx context.Context, first page[T]) ([]page[T], error) {
	size := len(first.items)
	switch {
	case first.total > maxItems:
		return nil, fmt.Errorf("the account says it holds %d %ss; rolewright reads at most %d", first.total, l.noun, maxItems)
	case size == 0 && first.total > 0:
		return nil, torn("the first page is empty, the total is %d", first.total)
	}
	pages := cover[T](first.total, size)
	pages[0] = first
	return pages, l.fill(ctx, pages[1:], first.total, size)
}

// cover returns the places of the pages that make up a list.
func cover[T any](total, size int) []page[T] {
	pages := []page[T]{{}}
	for end := size; end < total; {
		from := max(end-1, end-size+1) // one item again, unless a page holds but one
		pages = append(pages, page[T]{offset: from})
		end = from + size
	}
	return pages
}

// fill reads the pages of those places.
func (l listing[T]) fill(ctx context.Context, pages []page[T], total, size int) error {
	return l.each(ctx, len(pages), func(ctx context.Context, i int) error {
		p, err := l.page(ctx, pages[i].offset, size)
		if err != nil {
			return err
		}
		pages[i] = p
		return l.fits(p, total, size)
	})
}

// fits checks a page against what the first one promised.
func (l listing[T]) fits(p page[T], total, size int) error {
	if p.total >= 0 && p.total != total {
		return torn("the total was %d and is %d on the page at offset %d", total, p.total, p.offset)
	}
	if want := min(size, total-p.offset); len(p.items) != want {
		return torn("the page at offset %d holds %d %ss instead of %d", p.offset, len(p.items), l.noun, want)
	}
	return nil
}

// untilNothingNew reads on page by page where the account gives no total. A short page does not
// end the list, as the account may have granted less than was asked for.
func (l listing[T]) untilNothingNew(ctx context.Context, first page[T], size int) ([]page[T], error) {
	size = max(size, 2) // one to recognise and one to go on with
	pages, last := []page[T]{first}, first
	for len(last.items) > 0 {
		if len(pages) > maxPages {
			return nil, fmt.Errorf("the list has no end after %d pages", maxPages)
		}
		next, err := l.page(ctx, last.offset+len(last.items)-1, size)
		if err != nil {
			return nil, err
		}
		if err := l.follows(next, last); err != nil {
			return nil, err // at once, or a list that grows in front would be read for ever
		}
		pages = append(pages, next)
		if len(next.items) == 1 {
			break
		}
		last = next
	}
	return pages, nil
}

// join checks that the pages hang together and returns their items.
func (l listing[T]) join(pages []page[T], total int) ([]T, error) {
	for i, p := range pages[1:] {
		if err := l.follows(p, pages[i]); err != nil {
			return nil, err
		}
	}
	if last := pages[len(pages)-1]; last.more {
		return nil, torn("the account names a next page after the last one")
	}
	seen, places := []T{}, map[string]int{}
	for _, p := range pages {
		for _, item := range p.items {
			place, twice := places[l.id(item)]
			switch {
			case !twice:
				places[l.id(item)] = len(seen)
				seen = append(seen, item)
			case !l.same(seen[place], item):
				return nil, torn("%s %s is in the list twice and differs", l.noun, quote(l.name(item)))
			default:
				seen[place] = item
			}
		}
	}
	if total >= 0 && len(seen) != total {
		return nil, torn("the total is %d and %d %ss were seen", total, len(seen), l.noun)
	}
	if last := pages[len(pages)-1]; total < 0 && len(seen) != last.offset+len(last.items) {
		return nil, torn("%d %ss were seen in %d places", len(seen), l.noun, last.offset+len(last.items))
	}
	slices.SortFunc(seen, func(a, b T) int { return cmp.Compare(l.id(a), l.id(b)) })
	return seen, nil
}

// follows checks that p begins with the last item of the page before, where they overlap.
func (l listing[T]) follows(p, before page[T]) error {
	end := before.offset + len(before.items)
	if p.offset >= end {
		return nil // pages of one item
	}
	last := before.items[len(before.items)-1]
	if len(p.items) == 0 || !l.same(last, p.items[0]) {
		return torn("%s %s is no longer at offset %d", l.noun, quote(l.name(last)), p.offset)
	}
	return nil
}

func (l listing[T]) same(a, b T) bool { return l.id(a) == l.id(b) && l.digest(a) == l.digest(b) }

// each calls work for 0 to n-1, as many at a time as the client may. After an error nothing new
// is started; it returns the first one. A panic is passed on to the caller, who may know what to do
// with it: in a goroutine of its own it would end the process.
func (c *Client) each(ctx context.Context, n int, work func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	panicked := make(chan any, n)
	free := make(chan struct{}, c.parallelism)
	for i := range n {
		free <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		wg.Go(func() {
			defer func() {
				if why := recover(); why != nil {
					cancel(errPanic)
					panicked <- why
				}
				<-free
			}()
			if err := work(ctx, i); err != nil {
				cancel(err)
			}
		})
	}
	wg.Wait()
	if len(panicked) > 0 {
		panic(<-panicked)
	}
	return context.Cause(ctx)
}

var errPanic = errors.New("a bug ended another request")

// page reads one page. All the lists of a client together read no more of them at a time than it may.
func (l listing[T]) page(ctx context.Context, offset, size int) (page[T], error) {
	query := url.Values{"limit": {strconv.Itoa(size)}, "offset": {strconv.Itoa(offset)}}
	maps.Copy(query, l.query)
	select {
	case l.reading <- struct{}{}:
		defer func() { <-l.reading }()
	case <-ctx.Done():
		return page[T]{}, ctx.Err()
	}
	v, err := l.do(ctx, http.MethodGet, l.path, query, nil)
	if err != nil {
		return page[T]{}, err
	}
	p, err := l.readPage(*v, offset)
	if err != nil {
		return page[T]{}, l.misread(ctx, http.MethodGet, l.path, err)
	}
	return p, nil
}

func (l listing[T]) readPage(v value, offset int) (page[T], error) {
	o := newObject("the list", v)
	if items, ok := o.v.field("items"); o.err == nil && (!ok || !items.isArray()) {
		return page[T]{}, errors.New(`the list has no "items"`)
	}
	p := page[T]{offset: offset, total: o.count("totalCount", -1)}
	list := o.list("items")
	p.items = make([]T, 0, len(list))
	for _, v := range list {
		item, err := l.read(v.value)
		if err != nil {
			return page[T]{}, err
		}
		p.items = append(p.items, item)
	}
	links := o.object("_links")
	_, p.more = links.get("next")
	next := links.object("next").text("href")
	o.adopt(links)
	if o.err == nil && p.more {
		o.err = l.checkNext(next, offset)
	}
	return p, o.err
}

// checkNext refuses a link to the next page that leads elsewhere. The link is never followed,
// since the offsets are known; one that is wrong shows that this is not the list that was asked for.
func (l listing[T]) checkNext(href string, offset int) error {
	next, err := url.Parse(href)
	if err != nil {
		return errors.New("the link to the next page is not an address")
	}
	if next.Host != "" && next.Scheme+"://"+next.Host != l.base || next.User != nil {
		return fmt.Errorf("the next page is said to be on host %s", quote(next.Host))
	}
	if next.Path != l.path {
		return fmt.Errorf("the next page is said to be at %s", quote(next.Path))
	}
	if to, err := strconv.Atoi(next.Query().Get("offset")); err != nil || to <= offset {
		return fmt.Errorf("the link to the next page, after the one at offset %d, does not lead on", offset)
	}
	return nil
}
