package role_test

import (
	"context"
	"testing"

	"github.com/rolewright/rolewright/reconcile/role"
)

func TestInterrupt(t *testing.T) {
	ctx := t.Context()
	if role.Interrupt(ctx) != ctx {
		t.Error("a context without an interrupt is not its own")
	}
	interrupt, cancel := context.WithCancel(ctx)
	type other struct{}
	both := context.WithValue(role.WithInterrupt(ctx, interrupt), other{}, 1)
	if role.Interrupt(both) != interrupt {
		t.Error("the interrupt is lost")
	}
	cancel()
	if both.Err() != nil || role.Interrupt(both).Err() == nil {
		t.Error("the interrupt ends what is under way")
	}
}
