//! What the attribute refuses. Each error points at the wrong token.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Attribute, Error, FnArg, Ident, Item, PatType, Result, ReturnType, Signature, Type};

use crate::attributes;
use crate::borrowed::{self, Borrow};
use crate::context::Kind;
use crate::item::{Body, Function};
use crate::options::Options;

/// The error for an item on which the attribute is not allowed.
pub(crate) fn no_place_for_the_attribute(item: TokenStream) -> Error {
    let item = match syn::parse2::<Item>(item) {
        Ok(item) => item,
        Err(error) => return error,
    };
    let (token, found) = match &item {
        Item::Const(item) => (item.const_token.to_token_stream(), "a constant"),
        Item::Enum(item) => (item.enum_token.to_token_stream(), "an enum"),
        Item::ForeignMod(item) => (item.abi.to_token_stream(), "foreign items"),
        Item::Macro(item) => (item.mac.path.to_token_stream(), "a macro"),
        Item::Mod(item) => (item.mod_token.to_token_stream(), "a module"),
        Item::Static(item) => (item.static_token.to_token_stream(), "a static"),
        Item::Struct(item) => (item.struct_token.to_token_stream(), "a struct"),
        Item::Type(item) => (item.type_token.to_token_stream(), "a type alias"),
        Item::Union(item) => (item.union_token.to_token_stream(), "a union"),
        Item::Use(item) => (item.use_token.to_token_stream(), "an import"),
        other => (other.to_token_stream(), "this item"),
    };
    let name = match &item {
        Item::Mod(item) => item.ident.to_string(),
        Item::Struct(item) => item.ident.to_string(),
        _ => String::new(),
    };
    let advice = match name.starts_with("Mock") || name.starts_with("__mock_") {
        true => format!(". {FOR_MOCKALL}"),
        false => String::new(),
    };
    let message = format!(
        "`#[smartasync]` goes on a function, a method, an `impl` block or a trait, not on {found}{advice}"
    );
    Error::new_spanned(token, message)
}

/// mockall copies attributes to everything that it makes, but for those whose names it knows.
const FOR_MOCKALL: &str = "To mock a trait with mockall, import the attribute under a name that mockall knows, \
                           `use smartasync::smartasync as async_trait;`, and write `#[automock]` above \
                           `#[async_trait]`";

/// mockall would find a trait whose methods return calls.
pub(crate) fn mocked_too_late(automock: &Attribute) -> Error {
    let message =
        format!("`#[automock]` has to come first, and see the `async fn`s. {FOR_MOCKALL}");
    Error::new_spanned(automock, message)
}

/// Checks the options of a block, whatever its members are.
pub(crate) fn check_block(options: &Options, kind: Kind) -> Result<()> {
    if let Some(offload) = &options.offload {
        return Err(Error::new(
            offload.span(),
            "`offload` goes on the sync functions that it is for: `#[smartasync(offload)] fn ..`",
        ));
    }
    match &options.blocking {
        Some((word, _)) if kind != Kind::Impl => Err(Error::new(
            word.span(),
            "`blocking` makes a twin of a type: it goes on an `impl` block of its own methods, not of a \
             trait",
        )),
        Some(_) => check_derive(options).and_then(|()| check_members(options)),
        None => check_no_twin(options),
    }
}

/// Refuses options that have no effect on the members of a block with a twin.
fn check_members(options: &Options) -> Result<()> {
    if let Some(iter) = &options.iter {
        return Err(Error::new(
            iter.span(),
            "`iter` goes on the methods that return streams: `#[smartasync(iter)] fn ..`",
        ));
    }
    if let Some(spawn) = &options.spawn {
        return Err(Error::new(
            spawn.span(),
            "`spawn` goes on the methods that a task is to run: `#[smartasync(spawn)] async fn ..`",
        ));
    }
    let for_calls = options.boxed.as_ref().or(options.maybe_send.as_ref());
    match options.twin_only.as_ref().and(for_calls) {
        None => Ok(()),
        Some(option) => Err(Error::new(
            option.span(),
            format!(
                "`{option}` has no effect with `twin_only`, which leaves the `async fn`s as they are"
            ),
        )),
    }
}

fn check_derive(options: &Options) -> Result<()> {
    match (&options.derive, &options.extend) {
        (Some((derive, _)), Some(_)) => Err(Error::new(
            derive.span(),
            "`derive` goes on the block that makes the twin, not on one that has `extend`",
        )),
        _ => Ok(()),
    }
}

fn check_no_twin(options: &Options) -> Result<()> {
    let Options { derive, extend, fallible, iter, spawn, twin_only, twins, .. } = options;
    let derive = derive.as_ref().map(|(derive, _)| derive);
    let twins = twins.as_ref().map(|(twins, _)| twins);
    let flags = [extend, fallible, iter, spawn, twin_only];
    let flag = flags.into_iter().find_map(Option::as_ref);
    match derive.or(twins).or(flag) {
        None => Ok(()),
        Some(option) => Err(Error::new(
            option.span(),
            format!("`{option}` is for the twin that `blocking` makes: write `blocking` beside it"),
        )),
    }
}

/// Refuses the options that are for blocks: a twin has the methods of a block.
fn check_no_block(options: &Options) -> Result<()> {
    match &options.blocking {
        None => check_no_twin(options),
        Some((word, _)) => Err(Error::new(
            word.span(),
            "`blocking` goes on the whole `impl` block of a client: the client's twin has a sync method for \
             each method there that is not private",
        )),
    }
}

/// The error for a type that cannot have a twin, because it has no name.
pub(crate) fn no_twin_of_type(ty: &Type, blocking: &Ident) -> Error {
    let message = format!(
        "`{blocking}` makes a struct around the client, which has to be a struct, an enum or a union"
    );
    Error::new_spanned(ty, message)
}

/// The error for a method that needs a pointer to the client, which a twin does not have.
pub(crate) fn no_twin_of_receiver(receiver: &Type) -> Error {
    Error::new_spanned(
        receiver,
        "a blocking twin holds the client by value, so its methods take `self`, `&self`, `&mut self`, `Box<Self>`, \
         `Rc<Self>`, `Arc<Self>` or `Pin<&mut Self>`: move this one to another `impl` block, or make it private",
    )
}

/// The error for a bridge that only the client can name.
pub(crate) fn no_bridge_for_the_twin(on: &Ident) -> Error {
    Error::new(
        on.span(),
        "the twin waits for what this method returns, and cannot name a bridge of `self` or of an argument: name one \
         outside of the method, or make this an `async fn` in a block without `twin_only`",
    )
}

/// The error for a `Self` in the output of a method, at `place`.
pub(crate) fn no_twin_within(place: impl ToTokens, client: &str) -> Error {
    Error::new_spanned(
        place,
        format!("the twin of a client cannot be made here: say `{client}` if the client is meant"),
    )
}

/// The error for a block without a visible method.
pub(crate) fn nothing_for_the_twin(blocking: &Ident) -> Error {
    Error::new(
        blocking.span(),
        "the twin would have no methods, as all of this block are private: make those `pub` or \
         `pub(crate)` that it is to have",
    )
}

/// Refuses `on` on a trait whose methods have no bodies: there is nothing to run.
pub(crate) fn no_body_for_bridge(options: &Options) -> Result<()> {
    match &options.bridge {
        None => Ok(()),
        Some((on, _)) => Err(Error::new(
            on.span(),
            "`on` has no effect on a trait whose methods have no bodies: put it on the `impl` blocks",
        )),
    }
}

/// Checks a function. A wrong one is changed until it compiles, so that this error is the only one shown.
pub(crate) fn check_function(function: &mut Function, options: &Options, kind: Kind) -> Result<()> {
    check_no_block(options)?;
    if let Some(offload) = &options.offload {
        return check_offloaded(function, offload, options);
    }
    if !function.is_async() {
        return if kind == Kind::Free { check_sync(&function.sig, options) } else { Ok(()) };
    }
    check_qualifiers(&mut function.sig)?;
    check_callers(function)?;
    check_body(function, kind)?;
    check_attributes(&mut function.attrs)?;
    check_send(options, kind)
}

/// Refuses a sync function that is decorated by itself: the attribute would leave it unchanged, as it leaves those in a
/// block.
pub(crate) fn check_sync(sig: &Signature, options: &Options) -> Result<()> {
    if let Some(token) = sig.constness {
        return Err(Error::new_spanned(token, CONST));
    }
    let on = options.bridge.as_ref().map(|(on, _)| on);
    match options.boxed.as_ref().or(options.maybe_send.as_ref()).or(on) {
        None => Err(Error::new_spanned(sig.fn_token, SYNC)),
        Some(option) => Err(Error::new(
            option.span(),
            format!("`{option}` has no effect on a sync function: make it an `async fn`"),
        )),
    }
}

const SYNC: &str = "`#[smartasync]` has no effect on a sync function: make it an `async fn`, or write \
                    `#[smartasync(offload)]` if it is to run on another thread where it is awaited; if another \
                    attribute has made it sync, like `#[tokio::test]`, leave this one out";

/// Refuses what an offloaded function cannot have: it may run on another thread, after its caller has gone on.
fn check_offloaded(function: &mut Function, offload: &Ident, options: &Options) -> Result<()> {
    if function.is_async() {
        return Err(Error::new(
            offload.span(),
            "`offload` is for sync functions: an `async fn` can be awaited as it is",
        ));
    }
    let on = options.bridge.as_ref().map(|(on, _)| on);
    if let Some(option) = options.boxed.as_ref().or(options.maybe_send.as_ref()).or(on) {
        let message = format!("`{option}` has no effect on an offloaded function");
        return Err(Error::new(option.span(), message));
    }
    check_qualifiers(&mut function.sig)?;
    check_borrows(&function.sig)?;
    check_unbounded(&function.sig)
}

/// The error for a task of a sync function.
pub(crate) fn nothing_to_spawn(spawn: &Ident) -> Error {
    Error::new(
        spawn.span(),
        "`spawn` runs a future as a task: make this an `async fn`, or let it return an `impl Future`",
    )
}

/// Refuses an `async fn` whose future cannot be a task.
pub(crate) fn check_borrows_of_task(sig: &Signature) -> Result<()> {
    refuse_borrows(sig, "a task may outlive the call that has spawned it")
}

fn check_borrows(sig: &Signature) -> Result<()> {
    refuse_borrows(
        sig,
        "an offloaded function may run on another thread, after its caller has gone on",
    )
}

fn refuse_borrows(sig: &Signature, why: &str) -> Result<()> {
    match borrowed::first(sig) {
        None => Ok(()),
        Some(Borrow::Reference(token)) => Err(Error::new_spanned(
            token,
            format!(
                "{why}, so it takes no references: take `String` for `&str`, `Vec<T>` for `&[T]`, `Arc<T>` \
                 for `&T`, and `self` or `self: Arc<Self>` for `&self`"
            ),
        )),
        Some(Borrow::Lifetime(lifetime)) => Err(Error::new_spanned(
            &lifetime,
            format!(
                "{why}, so it takes nothing that borrows: write `'static` for `{lifetime}`, or take an \
                 owned value, and what a guard guards for the guard"
            ),
        )),
    }
}

/// Refuses arguments of a type parameter without bounds: it may be a type that cannot leave its thread.
fn check_unbounded(sig: &Signature) -> Result<()> {
    let is_unbounded = |name: &Ident| {
        let clause = sig.generics.where_clause.to_token_stream().to_string();
        clause.is_empty()
            && sig.generics.type_params().any(|own| own.ident == *name && own.bounds.is_empty())
    };
    for argument in &sig.inputs {
        let FnArg::Typed(PatType { ty, .. }) = argument else { continue };
        let Type::Path(path) = &**ty else { continue };
        if let Some(name) = path.path.get_ident().filter(|name| is_unbounded(name)) {
            let message = format!(
                "an argument of an offloaded function goes to another thread, and `{name}` may be a type \
                 that cannot: write `{name}: Send + 'static`"
            );
            return Err(Error::new_spanned(ty, message));
        }
    }
    Ok(())
}

const CONST: &str = "a `const fn` cannot be decorated with `#[smartasync]`: it is evaluated without \
                     a runtime; remove `const` or the attribute";

fn check_qualifiers(sig: &mut Signature) -> Result<()> {
    if let Some(token) = sig.constness.take() {
        return Err(Error::new_spanned(token, CONST));
    }
    let is_rust = sig
        .abi
        .as_ref()
        .is_none_or(|abi| abi.name.as_ref().is_some_and(|name| name.value() == "Rust"));
    match sig.abi.take_if(|_| !is_rust) {
        None => Ok(()),
        Some(abi) => Err(Error::new_spanned(
            abi,
            "an `extern` function cannot be decorated with `#[smartasync]`: it would return a \
             `Call`, which other languages know nothing of; make it a plain `extern` function that \
             calls an `async fn` with `.wait()`",
        )),
    }
}

/// Refuses functions that are called by something that expects them to be sync: tests and `main`.
fn check_callers(function: &mut Function) -> Result<()> {
    let test = function.attrs.iter().find(|attr| attr.path().is_ident("test"));
    let error = if let Some(test) = test {
        Error::new_spanned(
            test.path(),
            "a test has no caller that could wait for it: make it a plain `fn` and call \
             `smartasync::block_on(async { .. })` in it, or use `#[tokio::test]`",
        )
    } else if function.sig.ident == "main" && function.sig.inputs.is_empty() {
        Error::new_spanned(
            &function.sig.ident,
            "`main` has no caller that could wait for it: make it `fn main()` and call \
             `smartasync::block_on(async { .. })` in it, or use `#[tokio::main]`",
        )
    } else {
        return Ok(());
    };
    function.sig.asyncness = None;
    function.sig.output = ReturnType::Default;
    function.body = Some(Body::empty());
    Err(error)
}

fn check_body(function: &mut Function, kind: Kind) -> Result<()> {
    if function.body.is_some() || kind == Kind::Trait {
        return Ok(());
    }
    function.body = Some(Body::endless());
    function.attrs.push(syn::parse_quote!(#[allow(unused)]));
    Err(Error::new_spanned(
        &function.sig.ident,
        "a function without a body cannot be decorated alone: in a trait, `#[smartasync]` goes on the \
         trait itself, and makes the futures of all its methods `Send`",
    ))
}

fn check_attributes(attrs: &mut Vec<Attribute>) -> Result<()> {
    match attrs.iter().position(attributes::is_smartasync) {
        None => Ok(()),
        Some(index) => Err(Error::new_spanned(
            attrs.remove(index).path(),
            "`#[smartasync]` is there twice: one is enough, and takes all the options",
        )),
    }
}

fn check_send(options: &Options, kind: Kind) -> Result<()> {
    let has_effect = options.boxed.is_some() || matches!(kind, Kind::Trait | Kind::TraitImpl);
    match &options.maybe_send {
        Some(send) if !has_effect => Err(Error::new(
            send.span(),
            "`?Send` has no effect here: a call is `Send` when its future is. It is for traits, and \
             for `boxed`",
        )),
        _ => Ok(()),
    }
}
