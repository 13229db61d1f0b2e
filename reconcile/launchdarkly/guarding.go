package launchdarkly

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/rolewright/rolewright/reconcile/role"
)

// tests is what was learned of an account that may refuse every patch with a test. It is asked where a
// patch was refused and is to be made again of the very same thing: with a patch of one test that holds
// and nothing else. One refusal may have another cause: it is asked twice. An account that takes tests and
// does not regard them cannot be told by that.
type tests struct {
	refused atomic.Bool
	clashed sync.Map // as what a thing was read when its patch was refused, by its key or id
}

// note remembers a patch that was refused, or not, of what was read as raw.
func (t *tests) note(key string, raw []byte, err error) {
	if refusedAsConflict(err) {
		t.clashed.Store(key, string(raw))
	}
}

// learn reports whether the account refuses tests. Ask sends the patch that finds out.
func (t *tests) learn(key string, raw []byte, ask func() error) (bool, error) {
	if last, clashed := t.clashed.Load(key); t.refused.Load() || !clashed || last != string(raw) {
		return t.refused.Load(), nil
	}
	for range 2 {
		if err := ask(); !refusedAsConflict(err) {
			return false, err
		}
	}
	t.refused.Store(true)
	return true, nil
}

func refusedAsConflict(err error) bool {
	return errors.Is(err, role.ErrConflict) && !errors.Is(err, role.ErrUnknown)
}

func withoutTests(operations []operation) []operation {
	return slices.DeleteFunc(slices.Clone(operations), func(o operation) bool { return o.Op == opTest })
}

// Unguarded reports whether the account was found to refuse tests in patches of roles or of members.
// Then such a change is no more than a comparison with what was read just before: what somebody else
// sets in that moment is written over.
func (c *Client) Unguarded() (roles, members bool) {
	return c.roleTests.refused.Load(), c.memberTests.refused.Load()
}
