use smartasync::smartasync;

#[smartasync(offload)]
fn unbounded<T>(data: T) -> usize {
    size_of_val(&data)
}

#[smartasync(offload)]
fn bounded<T: ToString>(data: T) -> String {
    data.to_string()
}

#[smartasync(offload)]
fn unnamed(data: impl ToString) -> String {
    data.to_string()
}

fn main() {}
