package audit

// openBody is the body of a boot's first record.
type openBody struct {
	After *Point `json:"after,omitempty"` // the folder's last record; nil when there was none
	Torn  []Torn `json:"torn,omitempty"`  // what stood behind it
	Store *Point `json:"store,omitempty"` // the last head that was kept apart from the folder
	Key   string `json:"key"`             // id of the key that signs
	Sig   string `json:"sig_alg"`
	PKIX  []byte `json:"public_key"`
}

// removedBody announces that the gateway's records up to UpTo go.
type removedBody struct {
	UpTo   Point         `json:"up_to"`
	Files  []removedFile `json:"files"`
	Before string        `json:"before"` // everything in them was written before this time
	Days   int           `json:"retain_days"`
}

type removedFile struct {
	Name    string `json:"name"`
	Records int    `json:"records"`
	Digest  string `json:"digest"` // of the file's bytes
}

// closeBody is the body of a boot's last record but for the seal on it.
type closeBody struct {
	Records uint64 `json:"records"` // this one included
	Lost    uint64 `json:"lost"`    // records that the disk had no room for
}
