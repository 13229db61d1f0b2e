package main

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/emulator"
	"github.com/rolewright/rolewright/reconcile/launchdarkly"
	"github.com/rolewright/rolewright/reconcile/role"
)

// TestInventoryThroughTheAPI: whatever an account has, and however it reads what is not documented, the
// client sees all of it, or says that it does not.
func TestInventoryThroughTheAPI(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		want := drawInventory(r)
		yes := rapid.Bool()
		b := emulator.Behaviour{
			ExpandedEnvironments: rapid.IntRange(1, 4).Draw(r, "expanded"), MaxFlagLimit: rapid.IntRange(1, 40).Draw(r, "largest page of flags"),
			MaxLimit: rapid.IntRange(1, 40).Draw(r, "largest page"), AboveMaxLimit: "clamp", OmitTotalCount: yes.Draw(r, "no totals"),
			FlagViews: rapid.SampledFrom([]string{"never", "always"}).Draw(r, "views"),
			ItemOrder: rapid.SampledFrom([]string{"creation", "key", "shuffled"}).Draw(r, "order"),
		}
		if b.OmitTotalCount { // pages of one item are then no pages that overlap
			b.MaxFlagLimit, b.MaxLimit = b.MaxFlagLimit+1, b.MaxLimit+1
		}
		emu, err := emulator.New(emulator.Options{Behaviour: b})
		if err != nil {
			r.Fatal(err)
		}
		if err := emu.Seed(want); err != nil {
			r.Fatal(err)
		}
		c, err := launchdarkly.New(launchdarkly.Options{Host: "localhost", Token: "emulator", Transport: emulator.Transport(emu), ReadOnly: true, PageSize: 20})
		if err != nil {
			r.Fatal(err)
		}
		got, err := c.Inventory(t.Context(), launchdarkly.InventoryWant{Flags: []string{"p0", "p1*", "nowhere"}})
		if err != nil {
			r.Fatal(err)
		}
		if diff := cmp.Diff(asSeen(want, b.FlagViews == "always"), got); diff != "" {
			r.Fatalf("-has +seen\n%s", diff)
		}
	})
}

// asSeen is the inventory with what the client is not told, or was not asked for.
func asSeen(inv role.Inventory, views bool) role.Inventory {
	inv = inv.Normal()
	for i := range inv.Projects {
		p := &inv.Projects[i]
		p.FlagsLeft = p.FlagsLeft || p.Key != "p0" && p.Key != "p1"
		if p.FlagsLeft {
			p.Flags = []role.Flag{}
		}
		p.ViewsLeft = !views && len(p.Flags) > 0
		for j := range p.Flags {
			if !views {
				p.Flags[j].Views = nil
			}
		}
	}
	return inv
}

func drawInventory(r *rapid.T) (inv role.Inventory) {
	words := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c"}), 0, 3, rapid.ID)
	for i := range rapid.IntRange(0, 5).Draw(r, "projects") {
		p := role.Project{Key: fmt.Sprint("p", i), Tags: words.Draw(r, "tags"), FlagsLeft: rapid.IntRange(0, 4).Draw(r, "left") == 0}
		for j := range rapid.IntRange(0, 25).Draw(r, "environments") {
			p.Environments = append(p.Environments, role.Environment{Key: fmt.Sprint("e", j), Tags: words.Draw(r, "tags"), Critical: rapid.Bool().Draw(r, "critical")})
		}
		for j := range rapid.IntRange(0, 60).Draw(r, "flags") {
			p.Flags = append(p.Flags, role.Flag{Key: fmt.Sprint("f", j), Tags: words.Draw(r, "tags"), Views: words.Draw(r, "views"), Archived: rapid.Bool().Draw(r, "archived")})
		}
		inv.Projects = append(inv.Projects, p)
	}
	return inv
}
