use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::visit::Visit;
use syn::{
    Attribute, FnArg, Ident, ItemFn, Pat, PatIdent, PatType, Path, ReturnType, Signature, Type,
    TypeImplTrait, parse_quote,
};

use crate::args::Args;
use crate::valid;

/// Expands the attribute. An error is shown beside the item, which is kept as valid as it can be.
pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    let (args, args_error) = Args::read(args);
    let mut function = match syn::parse2::<ItemFn>(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            let error = valid::not_a_function(item.clone(), error).into_compile_error();
            return quote!(#error #item);
        }
    };
    let checked = valid::check(&mut function);
    let expanded = if checked.is_ok() && function.sig.asyncness.is_some() {
        decorate(function, &args)
    } else {
        function.into_token_stream()
    };
    let errors = args_error.into_iter().chain(checked.err());
    let errors = errors.map(|error| error.into_compile_error());
    quote!(#(#errors)* #expanded)
}

/// Makes of an `async fn` the function that returns its call.
///
/// Input:
///
/// ```text
/// async fn fetch(&self, Point { x, y }: Point, mut tries: u32) -> T { BODY }
/// ```
///
/// Output:
///
/// ```text
/// fn fetch(&self, __arg1: Point, tries: u32) -> Call<impl Future<Output = T>> {
///     Call::typed::<T>("fetch", async move {
///         let _ = &self;
///         let __arg1 = __arg1;
///         let Point { x, y } = __arg1;
///         let mut tries = tries;
///         let __output: T = { BODY };
///         return __output;
///     })
/// }
/// ```
///
/// The `let`s are those of the compiler's own lowering of an `async fn`: they give arguments their
/// drop order. That of `__output` ends the temporaries of the body's last expression before them.
fn decorate(mut function: ItemFn, args: &Args) -> TokenStream {
    let krate = &args.krate;
    let sig = &mut function.sig;
    let name = sig.ident.unraw().to_string();
    let moves = move_arguments(sig);
    let output = make_sync(sig, krate);
    let ascribed = nameable(&output);
    let body = &function.block;
    let ItemFn { attrs, vis, sig, .. } = &function;
    // Evaluated before the arguments move into the future: it may name them.
    let bridge = args.bridge.iter();
    let on = args.bridge.iter().map(|_| quote!(.on(&__bridge)));
    quote! {
        #(#attrs)*
        #vis #sig {
            #(let __bridge = #krate::Bridge::clone(&#bridge);)*
            #krate::__private::call::<#ascribed, _>(#name, async move {
                #(#moves)*
                let __output: #ascribed = #body;
                #[allow(unreachable_code)]
                return __output;
            })
            #(#on)*
        }
    }
}

/// Takes `async` off the signature, wraps its output, and returns what the output was.
fn make_sync(sig: &mut Signature, krate: &Path) -> Type {
    sig.asyncness = None;
    let output = match &sig.output {
        ReturnType::Default => parse_quote!(()),
        ReturnType::Type(_, output) => (**output).clone(),
    };
    sig.output = parse_quote! {
        -> #krate::Call<impl #krate::__private::Future<Output = #output>>
    };
    output
}

/// `output` where it can stand in a body, else a type to infer: `impl Trait` has no name there.
fn nameable(output: &Type) -> Type {
    struct Finder(bool);

    impl Visit<'_> for Finder {
        fn visit_type_impl_trait(&mut self, _: &TypeImplTrait) {
            self.0 = true;
        }
    }

    let mut finder = Finder(false);
    finder.visit_type(output);
    if finder.0 { parse_quote!(_) } else { output.clone() }
}

/// Gives each argument a plain name, and returns the statements that move it into the future.
fn move_arguments(sig: &mut Signature) -> Vec<TokenStream> {
    sig.inputs
        .iter_mut()
        .enumerate()
        .map(|(index, argument)| match argument {
            // It has no other name to move to; naming it is enough to capture it whole.
            FnArg::Receiver(receiver) => {
                let this = receiver.self_token;
                quote!(let _ = &#this;)
            }
            FnArg::Typed(argument) => move_argument(argument, index),
        })
        .collect()
}

fn move_argument(argument: &mut PatType, index: usize) -> TokenStream {
    let attrs: Vec<_> = statement_attributes(&argument.attrs).collect();
    let pattern = (*argument.pat).clone();
    if let Pat::Ident(simple @ PatIdent { by_ref: None, subpat: None, .. }) = &pattern {
        let name = &simple.ident;
        argument.pat = parse_quote!(#name);
        return quote!(#(#attrs)* let #pattern = #name;);
    }
    let name = Ident::new(&format!("__arg{index}"), Span::mixed_site());
    argument.pat = parse_quote!(#name);
    quote! {
        #(#attrs)* let #name = #name;
        #(#attrs)* let #pattern = #name;
    }
}

/// The attributes of an argument that its statement needs too.
fn statement_attributes(attrs: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    const SHARED: [&str; 5] = ["allow", "cfg", "deny", "expect", "warn"];
    attrs.iter().filter(|attr| SHARED.iter().any(|name| attr.path().is_ident(name)))
}
