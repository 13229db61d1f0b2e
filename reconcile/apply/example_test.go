package apply_test

import (
	"context"
	"fmt"

	"github.com/rolewright/rolewright/reconcile/apply"
)

func ExampleRun() {
	files := mixed()
	account := newAccount(files.actual...)
	account.happens[1] = lostAfter // the reply to the first create is lost
	res := apply.Run(context.Background(), files.plan(), account, apply.Options{
		Parallelism: 1,
		Sleep:       sleep,
		Progress: func(o apply.Outcome, done, total int) {
			fmt.Printf("%d/%d %s %s", done, total, o.ID, o.Status)
			if o.Note != "" {
				fmt.Printf(" (%s)", o.Note)
			}
			fmt.Println()
		},
	})
	fmt.Println(res.ExitReason, res.Verified)
	// Output:
	// 1/7 create/role/a-new applied (the reply was lost, the role reads back as wanted)
	// 2/7 replace/role/b-new applied
	// 3/7 update/role/c-wide applied
	// 4/7 update/role/e-mixed applied
	// 5/7 update/role/d-narrow applied
	// 6/7 delete/role/b-old applied
	// 7/7 delete/role/f-drop applied
	// applied true
}
