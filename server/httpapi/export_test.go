package httpapi

// ServeWithin is Serve with another DrainTime.
var ServeWithin = serve
