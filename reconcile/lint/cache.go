package lint

import (
	"crypto/sha256"
	"encoding/json"
	"sync"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// Cache remembers what the rules that prove found about a role, so that a process that checks again
// and again reasons only about the roles that changed. It holds what the last run used and no more.
// Several goroutines may use it, one run at a time. A nil Cache remembers nothing, and the zero value is empty.
type Cache struct {
	busy      sync.Mutex
	world     []byte // what everything depends on, beside the role
	last, now map[remembered][]diag.Finding
	proved    int // results of this run, or the last one, that were not remembered
}

type remembered struct {
	code string
	role [sha256.Size]byte // of all that the role's file says, and of the world
}

// NewCache returns a cache that is empty.
func NewCache() *Cache { return &Cache{} }

// Proved returns how many results the last run had to prove: one for each rule and role that were not
// remembered. Ask when no run is on.
func (c *Cache) Proved() int { return c.proved }

func (c *Cache) begin(p *Pass) {
	if c == nil {
		return
	}
	c.busy.Lock()
	c.now, c.proved = map[remembered][]diag.Finding{}, 0
	c.world = encoded(struct {
		Semantics policy.Semantics
		Settings  Settings
		Inventory *role.Inventory
	}{p.Semantics, p.Settings, p.Inventory})
	sum := sha256.Sum256(c.world)
	c.world = sum[:]
}

func (c *Cache) end() {
	if c == nil {
		return
	}
	c.last, c.now = c.now, nil
	c.busy.Unlock()
}

// key identifies a role: two that are written alike in the same place are the same.
func (c *Cache) key(r *Role) [sha256.Size]byte {
	if c == nil {
		return [sha256.Size]byte{}
	}
	return sha256.Sum256(append(encoded(r.Desired), c.world...))
}

// recall returns what a rule found about a role, or finds it.
func (c *Cache) recall(code string, key [sha256.Size]byte, find func() []diag.Finding) []diag.Finding {
	if c == nil {
		return find()
	}
	at := remembered{code, key}
	found, known := c.last[at]
	if !known {
		found = find()
		c.proved++
	}
	c.now[at] = found
	return found
}

func encoded(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic("lint: plain data always encodes: " + err.Error())
	}
	return data
}
