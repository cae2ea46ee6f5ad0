use smartasync::smartasync;

struct Client;

#[smartasync]
impl Client {
    #[smartasync(?Send)]
    async fn one(&self) {}

    #[tracing::instrument(skip_all)]
    async extern "C" fn two(&self) {}

    async fn three(&self) {}
}

fn main() {
    Client.one().wait();
    Client.two().wait();
    Client.three().wait();
}
