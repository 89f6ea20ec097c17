// Decodes the manifests of src/postroom/deploy/kubernetes, for the tests.
module postroom.test/kubernetes

go 1.24
