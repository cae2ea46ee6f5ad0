//! Generates the client and the server of the service in `tests/grpc`. Its messages are written by hand, so that nobody
//! needs `protoc`.

use tonic_build::manual::{Builder, Method, MethodBuilder, Service};

fn main() {
    let method = |name: &str, route: &str, takes: &str, returns: &str| -> MethodBuilder {
        Method::builder()
            .name(name)
            .route_name(route)
            .input_type(format!("crate::grpc::{takes}"))
            .output_type(format!("crate::grpc::{returns}"))
            .codec_path("tonic_prost::ProstCodec")
    };
    let items = Service::builder()
        .package("smartasync")
        .name("Items")
        .method(method("echo", "Echo", "Item", "Item").build())
        .method(method("list", "List", "Range", "Item").server_streaming().build())
        .method(method("add", "Add", "Item", "Total").client_streaming().build())
        .method(
            method("chat", "Chat", "Item", "Item").client_streaming().server_streaming().build(),
        )
        .method(method("never", "Never", "Item", "Item").build())
        .method(method("seen", "Seen", "Range", "Seen").build())
        .build();
    Builder::new().compile(&[items]);
    println!("cargo::rerun-if-changed=build.rs");
}
