package plan

// Seal makes all sums of a plan anew, as somebody would who alters a plan file with care.
func Seal(p *Plan) { p.seal() }

// Redigest makes only the sum over the file anew.
func Redigest(p *Plan) { p.FileDigest = p.digest() }
