package apply_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/role"
)

// trouble is what happens to one request.
type trouble int

const (
	fine        trouble = iota
	lostBefore          // the reply is lost, and the request never arrived
	lostAfter           // the reply is lost after the effect
	oddBefore           // an error of no known class, without effect
	oddAfter            // an error of no known class, after the effect
	limited             // 429
	denied              // 401 or 403
	refused             // 400
	notSent             // no connection
	readOnly            // the wrong client
	clash               // 409 without any reason to be seen
	twice               // the request arrives twice, and the second reply is the one that is seen
	otherReply          // the effect is right, the reply is not
	changed             // the account makes something else of it
	late                // the reply is lost, and the request takes effect 3 s later
	hang                // no reply until the client gives up
	explode             // a bug: the store panics
	slow                // a second late, and right
	gone                // 404; not among allTroubles, since it is a lie wherever it is not true
	notUnknown          // 5xx that also looks like another class; unknown wins
	waits               // 429, and the next try only 30 s later; not among allTroubles, since it is one for an interrupt
	cancelFirst         // the user interrupts just before the request
	cancelAfter         // the user interrupts just after the request took effect
)

var allTroubles = []trouble{
	lostBefore, lostAfter, oddBefore, oddAfter, limited, denied, refused, notSent, readOnly, clash, twice,
	otherReply, changed, late, hang, explode, notUnknown, cancelFirst, cancelAfter,
}

var errOdd = errors.New("something odd")

// account is a LaunchDarkly account in memory, with its own clock from synctest.
type account struct {
	mu    sync.Mutex
	roles map[string]role.Live
	past  []moment // what readers see while lag lasts
	lag   time.Duration
	delay time.Duration // of each request
	names bool          // names must be unique
	// unguarded takes every update, of the fields that differ from what it is told was before.
	unguarded bool
	nextID    int
	// category is what a created role gets that says nothing about it.
	category string
	calls    []string // "Role ops"
	log      []string // "begin Role ops", "end Role ops"
	// happens is the trouble of a call, by its number from 0; meanwhile is what others do just
	// before it.
	happens   map[int]trouble
	meanwhile map[int]func(*account)
	foreign   map[string]bool // roles last written by somebody else
	lost      []string        // edits of others that were written over, "DeleteRole e at 11"
	made      map[string]int  // creates that had an effect
	comments  []string
	cancel    context.CancelFunc
	under     int // requests under way
	most      int // the most requests under way at once
	throttled bool
	// mostThrottled counts only requests that began after a 429.
	mostThrottled int
}

type moment struct {
	at    time.Time
	roles map[string]role.Live
}

func newAccount(roles ...role.Live) *account {
	a := &account{
		roles: map[string]role.Live{}, happens: map[int]trouble{}, meanwhile: map[int]func(*account){},
		foreign: map[string]bool{}, made: map[string]int{}, nextID: 1000,
	}
	for _, r := range roles {
		a.roles[r.Key] = r
	}
	return a
}

// begin counts a request, lets the others act first and says what will happen to it.
func (a *account) begin(ctx context.Context, call string) trouble {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := len(a.calls)
	a.calls = append(a.calls, call)
	a.log = append(a.log, "begin "+call)
	throttled := a.throttled
	if act := a.meanwhile[n]; act != nil {
		act(a)
	}
	a.under++
	a.most = max(a.most, a.under)
	if throttled {
		a.mostThrottled = max(a.mostThrottled, a.under)
	}
	what := a.happens[n]
	if what == cancelFirst {
		a.cancel()
	}
	if a.delay > 0 {
		a.mu.Unlock()
		time.Sleep(a.delay)
		a.mu.Lock()
	}
	if ctx.Err() != nil {
		what = notSent
	}
	switch what {
	case limited:
		a.throttled = true
	case hang:
		a.mu.Unlock()
		_ = sleep(ctx, 30*time.Second)
		a.mu.Lock()
	case waits:
		a.mu.Unlock()
		err := sleep(role.Interrupt(ctx), 30*time.Second)
		a.mu.Lock()
		if what = fine; err != nil {
			what = notSent
		}
	case slow:
		a.mu.Unlock()
		time.Sleep(time.Second)
		a.mu.Lock()
		what = fine
	case explode:
		if slices.Contains([]string{"Roles", "Teams", "Members"}, call) {
			break
		}
		a.under--
		panic("boom")
	}
	return what
}

func (a *account) finish(what trouble, call string) {
	a.log = append(a.log, "end "+call)
	if what == cancelAfter {
		a.cancel()
	}
	a.under--
}

// answer is the error of a request whose effect, if any, has come about.
func answer(what trouble, err error) error {
	switch what {
	case lostBefore, lostAfter, late, hang:
		return fmt.Errorf("connection reset: %w", role.ErrUnknown)
	case oddBefore, oddAfter, explode:
		return errOdd
	case limited:
		return fmt.Errorf("429: %w", role.ErrLimited)
	case denied:
		return fmt.Errorf("401: %w", role.ErrDenied)
	case refused:
		return fmt.Errorf("400: %w", role.ErrRefused)
	case notSent:
		return fmt.Errorf("connection refused: %w", role.ErrNotSent)
	case readOnly:
		return fmt.Errorf("%w: refused by the transport", role.ErrReadOnly)
	case clash:
		return fmt.Errorf("409: %w", role.ErrConflict)
	case gone:
		return fmt.Errorf("404: %w", role.ErrNotFound)
	case notUnknown:
		return fmt.Errorf("%w after %w", role.ErrUnknown, role.ErrLimited)
	}
	return err
}

func hasEffect(what trouble) bool {
	return slices.Contains([]trouble{fine, lostAfter, oddAfter, twice, otherReply, changed, cancelFirst, cancelAfter, notUnknown}, what)
}

// write runs effect as the account does: not at all, at once, twice or late.
func (a *account) write(ctx context.Context, call string, effect func(what trouble) error) (trouble, error) {
	what := a.begin(ctx, call)
	a.mu.Lock()
	defer a.mu.Unlock()
	defer a.finish(what, call)
	var err error
	if hasEffect(what) {
		err = effect(what)
	}
	if what == twice {
		err = effect(what)
	}
	if what == late {
		time.AfterFunc(3*time.Second, func() {
			a.mu.Lock()
			defer a.mu.Unlock()
			_ = effect(what)
		})
	}
	if err != nil && what != lostAfter && what != oddAfter && what != notUnknown {
		return what, err
	}
	return what, answer(what, err)
}

// put stores a role and remembers what was there before, for readers that see the past.
func (a *account) put(key string, r *role.Live) {
	past := map[string]role.Live{}
	for k, v := range a.roles {
		past[k] = v
	}
	if a.lag > 0 {
		a.past = append(a.past, moment{time.Now(), past})
	}
	if r == nil {
		delete(a.roles, key)
		return
	}
	a.roles[key] = *r
}

// seen is what a reader sees now.
func (a *account) seen() map[string]role.Live {
	for _, m := range a.past {
		if time.Since(m.at) < a.lag {
			return m.roles
		}
	}
	return a.roles
}

func (a *account) Roles(ctx context.Context) ([]role.Live, error) {
	what := a.begin(ctx, "Roles")
	a.mu.Lock()
	defer a.mu.Unlock()
	defer a.finish(what, "Roles")
	if err := answer(what, nil); err != nil {
		return nil, err
	}
	var all []role.Live
	for _, r := range a.seen() {
		all = append(all, r)
	}
	return all, nil
}

func (a *account) Role(ctx context.Context, key string) (role.Live, error) {
	what := a.begin(ctx, "Role "+key)
	a.mu.Lock()
	defer a.mu.Unlock()
	defer a.finish(what, "Role "+key)
	if err := answer(what, nil); err != nil {
		return role.Live{}, err
	}
	live, there := a.seen()[key]
	if !there {
		return role.Live{}, answer(gone, nil)
	}
	live.Raw, _ = json.Marshal(live)
	return live, nil
}

func (a *account) CreateRole(ctx context.Context, r role.Role) (reply role.Live, err error) {
	what, err := a.write(ctx, "CreateRole "+r.Key, func(what trouble) error {
		if _, there := a.roles[r.Key]; there || a.names && a.hasName(r.Name) {
			return answer(clash, nil)
		}
		reply = role.Live{Role: served(r, what), ID: a.newID()}
		if reply.ResourceCategory == "" {
			reply.ResourceCategory = a.category
		}
		a.made[r.Key]++
		a.put(r.Key, &reply)
		return nil
	})
	return spoilt(reply, what), err
}

func (a *account) UpdateRole(ctx context.Context, before role.Live, after role.Role, comment string) (reply role.Live, err error) {
	what, err := a.write(ctx, "UpdateRole "+after.Key, func(what trouble) error {
		now, there := a.roles[after.Key]
		if !there {
			return answer(gone, nil)
		}
		if len(before.Raw) == 0 || !a.unguarded && now.Digest() != before.Digest() {
			return answer(clash, nil)
		}
		if before.Description == after.Description {
			after.Description = now.Description
		}
		a.overwrite("UpdateRole " + after.Key)
		now.Role = served(after, what)
		a.comments = append(a.comments, comment)
		a.put(after.Key, &now)
		reply = now
		return nil
	})
	return spoilt(reply, what), err
}

func (a *account) DeleteRole(ctx context.Context, key string) error {
	_, err := a.write(ctx, "DeleteRole "+key, func(trouble) error {
		now, there := a.roles[key]
		switch {
		case !there:
			return answer(gone, nil)
		case !now.Assigned.None():
			return answer(clash, nil)
		}
		a.overwrite("DeleteRole " + key)
		a.put(key, nil)
		return nil
	})
	return err
}

// overwrite notes that the last edit of somebody else goes with this write.
func (a *account) overwrite(call string) {
	_, key, _ := cutSpace(call)
	if a.foreign[key] {
		a.lost = append(a.lost, fmt.Sprintf("%s at %d", call, len(a.calls)-1))
	}
	a.foreign[key] = false
}

func (a *account) hasName(name string) bool {
	for _, r := range a.roles {
		if r.Name == name {
			return true
		}
	}
	return false
}

func (a *account) newID() string {
	a.nextID++
	return fmt.Sprintf("%024x", a.nextID)
}

// served is the role as the account keeps it: its own order, and now and then its own ideas.
func served(r role.Role, what trouble) role.Role {
	r = r.Normal()
	slices.Reverse(r.Policy)
	if what == changed {
		r.Name += " (changed)"
	}
	return r
}

func spoilt(reply role.Live, what trouble) role.Live {
	if what == otherReply {
		reply.Description += " (spoilt)"
	}
	return reply
}

// What other people do to the account; to be called while it is locked.

func editRole(key string) func(*account) {
	return func(a *account) {
		r, there := a.roles[key]
		if !there {
			return
		}
		r.Description += " (edited)"
		a.foreign[key] = true
		a.put(key, &r)
	}
}

func dropRole(key string) func(*account) {
	return func(a *account) {
		a.foreign[key] = false
		a.put(key, nil)
	}
}

func makeRole(r role.Role) func(*account) {
	return func(a *account) {
		if _, there := a.roles[r.Key]; there {
			return
		}
		a.foreign[r.Key] = true
		a.put(r.Key, &role.Live{Role: r, ID: a.newID()})
	}
}

// remakeRole deletes a role and makes the same one again.
func remakeRole(key string) func(*account) {
	return func(a *account) {
		r, there := a.roles[key]
		if !there {
			return
		}
		r.ID = a.newID()
		a.foreign[key] = true
		a.put(key, &r)
	}
}

func holdRole(key string) func(*account) {
	return func(a *account) {
		r, there := a.roles[key]
		if !there {
			return
		}
		r.Assigned = role.Assigned{Members: 2, Teams: 1}
		a.put(key, &r)
	}
}

func setRole(r role.Role) func(*account) {
	return func(a *account) {
		now := a.roles[r.Key]
		now.Role = r
		a.foreign[r.Key] = true
		a.put(r.Key, &now)
	}
}

var _ apply.Store = (*account)(nil)
